# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# Sourced by data/quickstart: who may sign in, in a file that only the caller can read.

credentials_password() {
    local letters
    # 20 of 31 letters and digits that look unlike each other: 99 bits.
    letters=$(head -c 2048 /dev/urandom | LC_ALL=C tr -dc 'a-hjkmnp-z2-9' | cut -c1-20)
    printf '%s-%s-%s-%s\n' "${letters:0:5}" "${letters:5:5}" "${letters:10:5}" "${letters:15:5}"
}

# credentials_get KEY — a value of the file; nothing where it has none.
credentials_get() { sed -n "s/^ *\"$1\": \"\(.*\)\",\{0,1\}\$/\1/p" "$credentials" 2>/dev/null || true; }

# credentials_write ADDRESS FINGERPRINT — passwords that are there are kept.
credentials_write() {
    local user_password admin_password
    user_password=$(credentials_get password)
    admin_password=$(credentials_get admin_password)
    (
        umask 077
        cat > "$credentials.new" <<END
{
  "address": "$1",
  "fingerprint": "$2",
  "user": "demo",
  "password": "${user_password:-$(credentials_password)}",
  "admin": "admin",
  "admin_password": "${admin_password:-$(credentials_password)}"
}
END
    )
    mv "$credentials.new" "$credentials"
}

# credentials_show — for people.
credentials_show() {
    cat <<END

  Oriel is ready.

    Address        $(credentials_get address)
    Fingerprint    $(credentials_get fingerprint)

    User           $(credentials_get user)
    Password       $(credentials_get password)

    Administrator  $(credentials_get admin)
    Password       $(credentials_get admin_password)

  Open the address in a browser, or run
    $prefix/bin/oriel-viewer ${1:-}
  and compare the fingerprint with what it shows. To end everything: data/quickstart --stop${dir:+ --dir $dir}

END
}
