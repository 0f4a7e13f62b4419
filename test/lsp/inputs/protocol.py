#!/usr/bin/env python3
"""What a client should not do, done: the server answers with an error where there is
something to answer, and goes on. Prints the checks that were passed."""
import json
import subprocess
import sys
import threading

PARSE, REQUEST, METHOD, PARAMS = -32700, -32600, -32601, -32602
URI = "file:///a.rnn"


def frame(body):
    return b"Content-Length: %d\r\n\r\n" % len(body) + body


def message(**parts):
    return frame(json.dumps(dict(parts, jsonrpc="2.0")).encode())


def call(number, method, **params):
    return message(id=number, method=method, params=params)


def at(line, character, uri=URI):
    return {"textDocument": {"uri": uri}, "position": {"line": line, "character": character}}


def opened(text, uri=URI):
    return message(method="textDocument/didOpen", params={
        "textDocument": {"uri": uri, "languageId": "rnn", "version": 1, "text": text}})


def changed(text, version):
    return message(method="textDocument/didChange", params={
        "textDocument": {"uri": URI, "version": version}, "contentChanges": [{"text": text}]})


HELLO = call(0, "initialize", processId=None, rootUri=None, capabilities={})
BYE = message(id="bye", method="shutdown") + message(method="exit")


def run(data, expect=0):
    """All messages that come back for `data`, which ends the session."""
    server = subprocess.Popen(["rnn-lsp"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL)

    def feed():
        try:
            server.stdin.write(data)
            server.stdin.close()
        except BrokenPipeError:
            pass
    threading.Thread(target=feed).start()
    out = server.stdout.read()
    code = server.wait(timeout=60)
    assert code == expect, "exit code %d, not %d" % (code, expect)
    messages = []
    while out:
        head, out = out.split(b"\r\n\r\n", 1)
        length = int(head.split(b":")[1])
        messages.append(json.loads(out[:length]))
        out = out[length:]
    return messages


def error(answer, number, code):
    assert answer["id"] == number and answer["error"]["code"] == code, answer


def check(what, data, number, code):
    """One bad thing in the middle of a session that goes on after it."""
    answers = run(HELLO + data + call("after", "nonsense") + BYE)
    error(answers[1], number, code)
    error(answers[2], "after", METHOD)
    assert answers[3] == {"id": "bye", "jsonrpc": "2.0", "result": None}, answers
    assert len(answers) == 4, answers
    print(what)


check("no such method", call(7, "textDocument/rename"), 7, METHOD)
check("no JSON", frame(b"{\"jsonrpc\": "), None, PARSE)
check("binary", frame(bytes(range(256))), None, PARSE)
check("wrong UTF-8", frame(b'{"jsonrpc":"2.0","id":1,"method":"\xff"}'), None, PARSE)
check("nested", frame(b"[" * 1000000), None, PARSE)
check("no object", frame(b"[1, 2]"), None, REQUEST)
check("no version", frame(b'{"id": 3, "method": "shutdown"}'), 3, REQUEST)
check("no method", message(id=3), 3, REQUEST)
check("method is no string", message(id=3, method=5), 3, REQUEST)
check("no parameters", message(id=4, method="textDocument/hover"), 4, PARAMS)
check("wrong parameters", call(4, "textDocument/hover", textDocument=URI), 4, PARAMS)
check("not open", call(4, "textDocument/hover", **at(0, 0)), 4, PARAMS)
check("another scheme", call(4, "textDocument/hover", **at(0, 0, "http://a.rnn")), 4, PARAMS)

silent = [
    b"Content-Length: 0\r\n\r\n", b"Content-Length: -5\r\n\r\n", b"Content-Length: x\r\n\r\n",
    b"Content-Length: 99999999999999999999\r\n\r\n", b"\r\n\r\n", b"no header\r\n\r\n",
    message(method="nonsense"), message(method="textDocument/didOpen", params=[]),
    opened("cell", "http://a.rnn"), changed("cell", 2), message(id=9, result=None),
    message(method="$/cancelRequest", params={"id": 1}),
    message(method="textDocument/didClose", params={"textDocument": {"uri": URI}})]
for data in silent:
    answers = run(HELLO + data + BYE)
    assert len(answers) == 2 and answers[1]["id"] == "bye", (data, answers)
print("what needs no answer gets none")

answers = run(call(1, "textDocument/hover", **at(0, 0)) + opened("cell") + HELLO + BYE)
error(answers[0], 1, METHOD)
assert len(answers) == 3, answers
print("before initialize")

run(HELLO + message(method="exit"), expect=1)
run(HELLO, expect=1)
run(b"", expect=1)
run(HELLO + b"Content-Length: 100\r\n\r\n{", expect=1)
print("ends without a goodbye")

# A file in which a state, a surrogate and an empty line can be pointed at.
text = "cell A(H = 2) {\n  input x : [H] # \U0001d11e\n\n}\n"
places = [(0, 0), (1, 9), (1, 18), (1, 19), (1, 20), (1, 99), (2, 0), (4, 0), (99, 0),
          (-1, -1), (0, -5), (2 ** 31 - 1, 2 ** 31 - 1), (-2 ** 31, 0)]
asks = ("hover", "definition", "completion")
data = b"".join(call(i, "textDocument/" + asks[i % 3], **at(*places[i // 3]))
                for i in range(3 * len(places)))
answers = run(HELLO + opened(text) + data + BYE)
assert [it["id"] for it in answers[2:-1]] == list(range(3 * len(places))), answers
assert all("result" in it for it in answers[2:-1]), answers
print("places outside")

# Every text on the way to a whole one, as if typed, and with each character missing.
text = open(sys.argv[1], encoding="utf-8").read()
texts = [text[:i] for i in range(len(text) + 1)]
texts += [text[:i] + text[i + 1:] for i in range(len(text))]
data = HELLO + opened("")
for version, it in enumerate(texts, 2):
    end = at(it.count("\n"), len(it) - it.rfind("\n") - 1)
    data += changed(it, version)
    data += call(version, "textDocument/completion", **end)
    data += call(version, "textDocument/hover", **end)
    data += call(version, "textDocument/documentSymbol", textDocument={"uri": URI})
answers = run(data + BYE)
assert len(answers) == 3 + 4 * len(texts), len(answers)
assert all("error" not in it for it in answers)
whole = [it for it in answers if it.get("params", {}).get("version") == 2 + len(text)]
assert whole[0]["params"]["diagnostics"] == [], whole
print("typed through")

bad = ["", "(" * 100000, "cell A { h[t] = " + "(" * 100000, "cell A { x = " + "a + " * 250000,
       "\x00" * 1000, "\ufeff\uffff\U0010ffff" * 1000, "cell " * 200000, "}" * 1000000, "\r" * 1000000,
       "fn f(" + "a, " * 30000, "cell A(H) {" + "x : [H][t] = " * 50000]
data = HELLO + b"".join(
    opened(it) + call(1, "textDocument/completion", **at(0, len(it) // 2)) +
    call(1, "textDocument/hover", **at(0, len(it) - 1)) +
    call(1, "textDocument/documentSymbol", textDocument={"uri": URI}) for it in bad)
answers = run(data + BYE)
assert len(answers) == 2 + 4 * len(bad), len(answers)
assert all(it["params"]["diagnostics"] for it in answers[1:-1:4]), answers
surrogate = frame(opened("cell \udc00 {}").split(b"\r\n\r\n", 1)[1])
assert run(HELLO + surrogate + BYE)[1]["params"]["diagnostics"]
print("texts that are none")
