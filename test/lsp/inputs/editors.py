"""Checks that the syntax files of editors have all words of the language."""
import json
import pathlib
import re
import sys

editors = pathlib.Path(sys.argv[1])
for file in editors.glob("vscode/**/*.json"):
    json.loads(file.read_text(encoding="utf-8"))
words = [line.split()[1] for line in open(sys.argv[2], encoding="utf-8")]
assert len(words) > 30, words
for name in ("vim/syntax/rnn.vim", "vscode/syntaxes/rnn.tmLanguage.json"):
    has = set(re.findall(r"\w+", (editors / name).read_text(encoding="utf-8").replace("\\b", " ")))
    missing = [word for word in words if word not in has]
    assert not missing, "%s lacks %s" % (name, missing)
