"""The table of bench/training/run.sh: median seconds an epoch of each program, and how many times as
long as rnncc the fastest peer takes."""
import statistics
import sys

times = {}
for line in open(sys.argv[1], encoding="utf-8"):
    cell, program, *numbers = line.split()
    if "loss" in numbers:
        numbers = numbers[:numbers.index("loss")]
        times.setdefault(cell, {}).setdefault(program, []).extend(map(float, numbers))
names = ["rnncc", "keras-tensorflow", "keras-jax", "pytorch"]
print("%-6s" % "cell" + "".join("%18s" % name for name in names) + "%16s" % "fastest/rnncc")
for cell, programs in times.items():
    medians = {name: statistics.median(values) for name, values in programs.items()}
    fastest = min((medians[name] for name in names[1:] if name in medians), default=float("nan"))
    print("%-6s" % cell
          + "".join("%17.3fs" % medians[name] if name in medians else "%18s" % "-" for name in names)
          + "%16.2f" % (fastest / medians["rnncc"]))
