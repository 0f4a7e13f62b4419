# Ends the program in FOLDER by signals while its compiler is at work, and says what is left.
import os
import pathlib
import signal
import subprocess
import sys
import time

folder = pathlib.Path(sys.argv[1])
temporary = folder / "tmp"
temporary.mkdir()


def start(ignored):
    def prepare():
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN if number in ignored else signal.SIG_DFL)

    return subprocess.Popen([folder / "choose", "--html", folder / "page.html"], preexec_fn=prepare,
                            env={**os.environ, "TMPDIR": str(temporary)}, stdout=subprocess.DEVNULL)


def wait_for_compiler():
    for _ in range(600):
        if list(temporary.glob("*/started")):
            return
        time.sleep(0.1)
    sys.exit("the compiler was not started")


def outcome(program):
    ended = signal.Signals(-program.wait(20)).name
    left = list(temporary.iterdir())
    return f"the program ended by {ended}, " + (f"{left} is left" if left else "nothing is left")


for number in (signal.SIGINT, signal.SIGTERM):
    program = start(())
    wait_for_compiler()
    program.send_signal(number)
    print(f"{number.name}: a file stood in the folder, {outcome(program)}")
program = start((signal.SIGHUP,))
wait_for_compiler()
program.send_signal(signal.SIGHUP)
time.sleep(0.5)
program.send_signal(signal.SIGTERM)
print(f"SIGHUP, ignored: {outcome(program)}")
