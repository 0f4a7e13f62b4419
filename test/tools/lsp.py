#!/usr/bin/env python3
"""Drives a language server over stdio: lsp.py SERVER FILE ACTION...

    errors           what was published last, notes below
    hover TEXT       at the place where TEXT begins; TEXT must be there once, or
                     stand on the line that LINE:TEXT names
    definition TEXT  likewise: the line and columns that it leads to, and their text
    complete TEXT    at the end of TEXT: kind, label and detail of each item
    symbols          the outline
    change OLD=>NEW  replace the first OLD by NEW and send the whole text
    close            close the file

Lines and columns are printed as the protocol has them plus one. Columns are
counted here on their own, in UTF-16 units. The exit code is that of the server."""
import json
import subprocess
import sys

KINDS = {3: "function", 4: "constructor", 5: "state", 6: "variable", 7: "cell",
         10: "param", 14: "keyword", 20: "initialiser", 21: "size"}
OUTLINE = {5: "cell", 7: "param", 8: "state", 12: "function", 13: "variable", 14: "size"}


def units(text):
    return len(text.encode("utf-16-le")) // 2


class Session:
    def __init__(self, command, path):
        self.server = subprocess.Popen(command, stdin=subprocess.PIPE,
                                       stdout=subprocess.PIPE)
        with open(path, encoding="utf-8", newline="") as file:
            self.text = file.read()
        self.uri = "file:///" + path.split("/")[-1]
        self.number = 0
        self.published = None
        self.request("initialize", {"processId": None, "rootUri": None, "capabilities": {}})
        self.notify("initialized", {})
        self.send_text("didOpen", {"textDocument": {"uri": self.uri, "languageId": "rnn",
                                                    "version": 0, "text": self.text}})

    def send(self, message):
        body = json.dumps(dict(message, jsonrpc="2.0"), ensure_ascii=False).encode()
        self.server.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self.server.stdin.flush()

    def receive(self):
        length = 0
        while line := self.server.stdout.readline().strip():
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        if not length:
            sys.exit("the server is gone")
        return json.loads(self.server.stdout.read(length))

    def notify(self, method, params):
        self.send({"method": method, "params": params})

    def request(self, method, params):
        self.number += 1
        self.send({"id": self.number, "method": method, "params": params})
        answer = self.receive()
        assert answer["id"] == self.number, answer
        if "error" in answer:
            sys.exit("%s: %s" % (method, answer["error"]))
        return answer["result"]

    def send_text(self, method, params):
        self.notify("textDocument/" + method, params)
        message = self.receive()
        assert message["method"] == "textDocument/publishDiagnostics", message
        self.published = message["params"]["diagnostics"]

    def place(self, what, at_end=False):
        first, line, start = 0, None, what.split(":", 1)[0]
        if start.isdigit() and ":" in what:
            line, what = int(start), what.split(":", 1)[1]
        for number, row in enumerate(self.text.split("\n"), 1):
            column = row.find(what)
            if column >= 0 and line in (None, number):
                column += len(what) if at_end else 0
                return {"line": number - 1, "character": units(row[:column])}
        sys.exit("no %r in the text" % what)

    def show(self, span):
        """3:5-8 'abc', the text cut out by UTF-16 units."""
        start, end = span["start"], span["end"]
        rows = self.text.split("\n")
        row = (rows + [""])[start["line"]].encode("utf-16-le")
        piece = row[2 * start["character"]:2 * end["character"]].decode("utf-16-le")
        same = start["line"] == end["line"]
        return "%d:%d-%s%d%s" % (start["line"] + 1, start["character"] + 1,
                                 "" if same else "%d:" % (end["line"] + 1),
                                 end["character"] + 1, " '%s'" % piece if same else "")

    def ask(self, method, place=None):
        params = {"textDocument": {"uri": self.uri}}
        if place:
            params["position"] = place
        return self.request("textDocument/" + method, params)

    def errors(self):
        for found in self.published:
            kind = {1: "error", 2: "warning"}[found["severity"]]
            tags = " (unnecessary)" if found.get("tags") == [1] else ""
            print("%s %s: %s%s" % (kind, self.show(found["range"]), found["message"], tags))
            for note in found.get("relatedInformation", []):
                assert note["location"]["uri"] == self.uri
                print("  note %s: %s" % (self.show(note["location"]["range"]), note["message"]))
        if not self.published:
            print("no errors")

    def hover(self, what):
        found = self.ask("hover", self.place(what))
        if not found:
            return print("nothing")
        assert found["contents"]["kind"] == "markdown"
        text = found["contents"]["value"].replace("```rnn\n", "").replace("\n```\n", " -- ")
        print("%s: %s" % (self.show(found["range"]), text))

    def definition(self, what):
        found = self.ask("definition", self.place(what))
        print(", ".join(self.show(it["range"]) for it in found) or "nothing")

    def complete(self, what):
        found = self.ask("completion", self.place(what, at_end=True))
        for item in found["items"]:
            print("%s %s -- %s" % (KINDS[item["kind"]], item["label"], item.get("detail", "")))
        print("%d items" % len(found["items"]))

    def symbols(self):
        def show(items, depth):
            for item in items:
                print("%s%s %s %s at %s" % ("  " * depth, OUTLINE[item["kind"]], item["name"],
                                            item.get("detail", ""),
                                            self.show(item["selectionRange"])))
                show(item.get("children", []), depth + 1)
        show(self.ask("documentSymbol"), 0)

    def change(self, what):
        old, new = what.split("=>")
        assert old in self.text, old
        self.text = self.text.replace(old, new, 1)
        self.number += 1
        self.send_text("didChange", {"textDocument": {"uri": self.uri, "version": self.number},
                                     "contentChanges": [{"text": self.text}]})

    def close(self):
        self.send_text("didClose", {"textDocument": {"uri": self.uri}})

    def end(self):
        self.request("shutdown", None)
        self.notify("exit", None)
        return self.server.wait(timeout=20)


def main():
    command, path, actions = sys.argv[1].split(), sys.argv[2], sys.argv[3:]
    session = Session(command, path)
    while actions:
        action = actions.pop(0)
        takes = action in ("hover", "definition", "complete", "change")
        arguments = [actions.pop(0)] if takes else []
        print("> " + " ".join([action] + arguments))
        getattr(session, action)(*arguments)
    sys.exit(session.end())


main()
