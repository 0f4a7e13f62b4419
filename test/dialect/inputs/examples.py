"""Prints the ```mlir examples in the descriptions of a .td file as one text for
-split-input-file, each under the name of its op. A cell or model stands as it is; of all
else, the declarations go into a cell and the rest into its forward scan, or into
its backward one if gradients are added up."""
import re
import sys
import textwrap

text = open(sys.argv[1], encoding="utf-8").read()
examples = []
for block in re.split(r"\n(?=def )", text):
    op = re.match(r"def (Rnn_\w+Op) *: *Rnn_\w*Op<\"(\w+)\"", block)
    for example in re.findall(r"```mlir\n(.*?)```", block, re.S):
        example = textwrap.dedent(example).strip()
        if "rnn.cell" not in example and "rnn.model" not in example:
            lines = example.split("\n")
            declared = [line for line in lines if line.startswith(("rnn.tensor", "rnn.schedule"))]
            body = [line for line in lines if line not in declared]
            adds = any(line.startswith("rnn.accumulate") for line in body)
            scan = ["rnn.scan forward {"] + ["}", "rnn.scan backward {"] * adds
            example = "\n".join(["rnn.cell @Example outputs [] sizes {} {", *declared,
                                 *scan, *body, "}", "}"])
        examples.append("// %s\n%s\n" % (op[1] if op else "?", example))
print("\n// -----\n".join(examples))
