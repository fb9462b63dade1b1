# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be said about the files without running them. (Desktop file and metainfo are validated by meson, once translated.)"""

import json
import pathlib
import re
import subprocess

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]


def tracked(*patterns):
    """The project's files whose path fits one of the patterns; also in an unpacked archive without git."""
    skip = {".git", "node_modules", "__pycache__"}
    found = set()
    for pattern in patterns:
        for path in TOP.glob(pattern):
            parts = path.relative_to(TOP).parts
            if path.is_file() and not skip.intersection(parts) and not parts[0].startswith("build"):
                found.add(path.relative_to(TOP).as_posix())
    return sorted(found)


def shell_scripts():
    """Every file that says it is a shell script, and those that are sourced."""
    names = []
    for name in tracked("data/**/*", "tests/**/*", ".ci/*"):
        with open(TOP / name, "rb") as file:
            first = file.readline(80)
        if first.startswith(b"#!") and first.rstrip().endswith((b"bash", b"/sh")) or name.endswith(".sh"):
            names.append(name)
    return names


def check(*command):
    done = subprocess.run(command, cwd=TOP, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


@pytest.mark.parametrize("name", tracked("data/man/*.[1-8]"))
def test_manual_page(name):
    output = check("mandoc", "-T", "lint", "-W", "warning", name)
    assert not output, output


@pytest.mark.parametrize("name", shell_scripts())
def test_shell_script(name):
    check("shellcheck", "--severity=warning", "--external-sources", "--source-path=SCRIPTDIR",
          "--exclude=SC2154", name)  # what sourced files take from those that source them


@pytest.mark.parametrize("name", tracked("data/completion/*", "data/completions/*"))
def test_completion(name):
    if name.endswith("meson.build"):
        return
    check("bash", "-n", name)


@pytest.mark.parametrize("name", tracked("**/package-lock.json"))
def test_lock_file_names_no_registry(name):
    for module, entry in json.loads((TOP / name).read_text(encoding="utf-8"))["packages"].items():
        assert "resolved" not in entry, f"{module} is bound to {entry['resolved']}"


@pytest.mark.parametrize("name", tracked("**/*.[ch]", "**/meson.build", "data/**/*.sh", "tests/**/*.py", "data/packages/*.md"))
def test_licence_is_named(name):
    with open(TOP / name, encoding="utf-8") as file:
        assert "SPDX-License-Identifier: GPL-3.0-or-later" in file.read(600)


@pytest.mark.parametrize("name", tracked("data/packages/*.txt"))
def test_package_list_is_sorted(name):
    head, *lines = (TOP / name).read_text(encoding="utf-8").splitlines()
    assert head.startswith("# SPDX-")
    assert lines == sorted(set(lines))


def test_translations_are_complete(tmp_path):
    """Each sentence that the viewer says is in each language."""
    sources = [line for line in (TOP / "po/POTFILES").read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    for name in tracked("viewer/*.c", "viewer/ui/*.ui", "common/*.c"):
        text = (TOP / name).read_text(encoding="utf-8")
        if 'translatable="yes"' in text or re.search(r'\bN?_\("', text):
            assert name in sources, f"po/POTFILES lacks {name}"
    template = tmp_path / "oriel.pot"
    check("xgettext", "--from-code=UTF-8", "--keyword=_", "--keyword=N_", f"--output={template}",
          *[name for name in sources if not name.endswith(".in")])
    for language in (TOP / "po/LINGUAS").read_text(encoding="utf-8").split("\n"):
        if language and not language.startswith("#"):
            check("msgcmp", f"po/{language}.po", str(template))
