"""What bench.csv and bench.svg hold, in short."""
import csv
import sys
import xml.etree.ElementTree as tree

names = {"onednn": "oneDNN"}
with open(sys.argv[1], newline="", encoding="utf-8") as file:
    rows = list(csv.DictReader(file))
for row in rows:
    low, middle, high = (float(row[name]) for name in ("quartile1_ms", "median_ms", "quartile3_ms"))
    assert 0 < float(row["minimum_ms"]) <= low <= middle <= high, row
    assert float(row["bound_ms"]) > 0 and int(row["calls"]) >= 3, row
words = []
for phase in ("forward", "training"):
    words += [phase] + sorted(f"{names.get(row['side'], row['side'])} {row['work']}"
                              for row in rows if row["phase"] == phase)
print(" ".join(words).replace("oneDNN forward-training oneDNN inference",
                              "oneDNN inference oneDNN forward-training"))
drawing = tree.parse(sys.argv[2]).getroot()
titled = [e.tag.rpartition("}")[2] for e in drawing.iter() if any(c.tag.endswith("title") for c in e)]
print(f"{titled.count('rect')} bars, {titled.count('circle')} dots")
