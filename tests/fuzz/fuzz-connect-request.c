/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/gateway/connect-request.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ConnectRequest request;

    if (size > 0 && connect_request_parse(data, size, &request) == CONNECT_GOOD &&
        (strlen(request.route) == 0 || strlen(request.route) > CONNECT_ROUTE_MAX ||
         request.port == 0))
        __builtin_trap();
    return 0;
}
