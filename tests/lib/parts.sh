# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# Sourced by tests/run: what each part needs and runs. A part returns non-zero when going on makes no sense.

# parts_prepare PART… — packages, modules and, for the parts that want one, the guest's image.
parts_prepare() {
    local folder
    step "Checking for the packages"
    packages_install "$top"/data/packages/*.txt
    for folder in "$top/broker/web" "$top"/tests/e2e/*/; do
        [ ! -f "$folder/package-lock.json" ] || packages_npm "${folder%/}"
    done
    case " $* " in
        *" e2e "* | *" soak "*)
            step "Checking for the demo desktop's image"
            guest=$("$top/data/guest/build") || die "the demo desktop's image could not be built"
            ;;
    esac
}

# parts_pytest SUITE BUILD FOLDER [ARGUMENT…] — runs the Python tests of a folder against a build's programs. Real guests on a
# machine that others use too miss a deadline now and then: what failed is tried once more, and told where that helped. What a
# sanitizer wrote counts in any case. Tests without a guest mostly wait, so two files go side by side.
parts_pytest() {
    local suite=$1-$2 build=$2 folder=$3 status=0
    local -a environment side_by_side=()
    [ "$folder" != integration ] || side_by_side=(-n 2 --dist loadfile)
    shift 3
    mapfile -t environment < <(builds_sanitizers "$suite")
    step "Tests: $folder, with the programs built by $build"
    parts_pytest_run "$suite" "${side_by_side[@]}" "$@" || status=$?
    if [ $status = 1 ]; then
        step "Trying again what failed"
        parts_pytest_run "$suite-again" "$@" --last-failed || true
        "$top/tests/lib/again.py" "$results/$suite.xml" "$results/$suite-again.xml" || true
        rm -f "$results/$suite-again.xml"
    fi
    # 0 and 1 are told by the report, 5 is "no tests"; else pytest itself broke.
    case $status in
        0 | 1 | 5) ;;
        *) report_case "$suite" pytest failed "pytest ended with status $status" ;;
    esac
    report_sanitizer "$suite"
}

# The run itself, into the report NAME; suite, build, folder and environment are the caller's.
parts_pytest_run() {
    local name=$1
    shift
    env "${environment[@]}" ORIEL_BUILD="$builds/$build" ORIEL_GUEST="${guest:-}" ORIEL_RESULTS="$results" \
        PYTHONPATH="$top/tests" PYTHONDONTWRITEBYTECODE=1 \
        /usr/bin/python3 -m pytest -o cache_dir="$results/cache-$suite" -v -ra --junitxml="$results/$name.xml" \
        -o junit_family=xunit1 -o junit_suite_name="$suite" "$@" "${pytest_arguments[@]}" "$top/tests/$folder" < /dev/null >&2 8>&-
}

part_lint() { parts_pytest lint none lint; }

# parts_meson BUILD SUITE — the C tests of one build: unit, threads or fuzz.
parts_meson() {
    local suite=$2-$1
    local -a environment
    mapfile -t environment < <(builds_sanitizers "$suite")
    step "Tests: $2, built by $1"
    env "${environment[@]}" meson test -C "$builds/$1" --no-rebuild --timeout-multiplier 3 --suite "$2" --print-errorlogs \
        < /dev/null > "$results/$suite.log" 2>&1 8>&- || tail -n 60 "$results/$suite.log" >&2
    cp "$builds/$1/meson-logs/testlog.junit.xml" "$results/$suite.xml" 2>/dev/null ||
        report_case "$suite" meson failed "meson test wrote no report: $(tail -n 1 "$results/$suite.log")"
    report_sanitizer "$suite"
}

part_unit() {
    builds_need gcc asan tsan || return
    parts_meson gcc unit
    parts_meson asan unit
    parts_meson tsan threads
}

# Each fuzzer for some seconds; `soak` is where they run for long.
part_fuzz() {
    builds_need clang || return
    parts_meson clang fuzz
}

part_integration() {
    builds_need asan || return
    parts_pytest integration asan integration
}

part_e2e() {
    builds_need asan || return
    parts_pytest e2e asan e2e
    [ -n "$whole" ] || return 0
    # The quickstart builds for itself, and the portal's own tests need no program of ours: once is enough.
    parts_pytest e2e gcc e2e --ignore="$top/tests/e2e/test_quickstart.py" --ignore="$top/tests/e2e/test_portal.py"
}

part_soak() {
    builds_need gcc || return
    parts_pytest soak gcc soak
}

# What each kernel takes, then whole screens beside the peers. A target that is missed is a failure here, and only here.
part_bench() {
    local dir=$builds/bench
    step "Benchmarks"
    { [ -f "$dir/build.ninja" ] || meson setup --buildtype=release -Dportal=disabled -Dviewer=false "$dir" "$top"; } > "$results/build-bench.log" 2>&1 &&
        ninja -C "$dir" >> "$results/build-bench.log" 2>&1 ||
        { report_case build bench failed "the build failed: see build-bench.log"; return 1; }
    meson test -C "$dir" --no-rebuild --benchmark --verbose < /dev/null >&2 8>&- || true
    cp "$dir/meson-logs/benchmarklog.junit.xml" "$results/bench.xml" 2>/dev/null ||
        report_case bench meson failed "there are no benchmarks"
    ORIEL_BUILD=$dir "$top/tests/bench/run" --output "$results/bench" "${pytest_arguments[@]}" < /dev/null >&2 8>&- &&
        report_case bench targets passed || report_case bench targets failed "see $results/bench/results.md"
}
