# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# Sourced after say.sh and report.sh: the builds under $builds: gcc, asan (gcc with ASan and UBSan), clang (with both, and fuzzers)
# and tsan (gcc with ThreadSanitizer; the tests with threads alone).

# builds_options NAME — meson's options for that build, one a line.
builds_options() {
    printf '%s\n' -Dwerror=true -Dportal=enabled -Dbuildtype=debugoptimized
    # The one with clang is where the fuzzers run.
    case $1 in
        asan | clang) printf '%s\n' -Db_sanitize=address,undefined -Db_lundef=false ;;
        tsan) printf '%s\n' -Db_sanitize=thread -Db_lundef=false ;;
    esac
}

# builds_targets NAME — what of it is built; nothing: all.
builds_targets() {
    case $1 in tsan) printf '%s\n' tests-with-threads ;; esac
}

# builds_make NAME — configures and builds; a failure is reported and ends the run of the tests.
builds_make() {
    local dir=$builds/$1 log=$results/build-$1.log compiler=gcc
    local -a options targets
    [ "$1" != clang ] || compiler=clang
    mapfile -t options < <(builds_options "$1")
    mapfile -t targets < <(builds_targets "$1")
    step "Building with $compiler${2:+ ($2)}: $dir"
    {
        if [ -f "$dir/build.ninja" ]; then
            CC=$compiler meson setup --reconfigure "${options[@]}" "$dir" "$top"
        else
            rm -rf "$dir"
            CC=$compiler meson setup "${options[@]}" "$dir" "$top"
        fi && ninja -k 0 -C "$dir" "${targets[@]}"
    } > "$log" 2>&1 && return
    tail -n 40 "$log" >&2
    report_case build "$1" failed "the build failed: $(grep -m1 -E 'error:|ERROR' "$log")"
    return 1
}

# builds_need NAME… — makes those that this run has not made yet; each is a test of its own.
builds_need() {
    local name
    for name; do
        [ -z "${builds_done[$name]:-}" ] || continue
        case $name in
            asan) builds_make asan "ASan and UBSan" || return ;;
            tsan) builds_make tsan ThreadSanitizer || return ;;
            *) builds_make "$name" || return ;;
        esac
        builds_done[$name]=yes
        report_case build "$name" passed
    done
}

# builds_sanitizers SUITE — the environment that makes sanitizers strict, as VARIABLE=VALUE lines. The slow unwinder, because
# the fast one loses its way in libraries without frame pointers, and lsan.supp names libraries. gcc 12's runtime takes what
# lies before a thread's variables for glibc 2.19's header of them, and its leak check then reads wild addresses (issue 1322
# of google/sanitizers): that depends on where things are loaded, so even on the folder that one builds in.
builds_sanitizers() {
    local log="log_path=$results/sanitizer/$1"
    case $1 in
        *-asan) printf '%s\n' ORIEL_PATIENCE=3 ;;
        # GLib's slices go from thread to thread under locks that are not seen; plain memory is followed.
        *-tsan) printf '%s\n' ORIEL_PATIENCE=5 G_SLICE=always-malloc ;;
    esac
    printf '%s\n' \
        "ASAN_OPTIONS=detect_stack_use_after_return=1:abort_on_error=0:fast_unwind_on_malloc=0:malloc_context_size=12:intercept_tls_get_addr=0:$log" \
        "TSAN_OPTIONS=suppressions=$top/tests/tsan.supp:print_suppressions=0:$log" \
        "UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1:$log" \
        "LSAN_OPTIONS=suppressions=$top/tests/lsan.supp:print_suppressions=0"
}
