# How lit finds and runs the tests: each file says in its RUN lines what to do.
import os
import pathlib
import shutil

import lit.formats

config.name = "rnncc"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".rnn", ".test", ".c"]
config.excludes = ["inputs", "fixtures", "corpus", "CMakeLists.txt"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = os.path.join(config.build_dir, "test")

tools = [os.path.join(config.build_dir, "bin"), config.llvm_bin]
config.environment["PATH"] = os.pathsep.join(tools + [os.environ["PATH"]])
config.environment["LC_ALL"] = "C"
config.substitutions.append(("%root", config.source_dir))
config.substitutions.append(("%cells", os.path.join(config.source_dir, "examples", "cells")))
config.substitutions.append(("%include", os.path.join(config.source_dir, "runtime", "include")))
# The runtime's sources, for programs that are built without sanitizers, whatever rnncc is.
config.substitutions.append(("%runtime", "-D_GNU_SOURCE -pthread " + " ".join(sorted(
    str(path) for path in pathlib.Path(config.source_dir, "runtime", "src").glob("*.c")))))
config.substitutions.append(("%build", config.build_dir))
# The training library and what it links, built like the rest.
libraries = [os.path.join(config.build_dir, "lib", name)
             for name in ("librnncc_train.a", "librnncc_rt.a")]
config.substitutions.append(("%train", " ".join(libraries) + " -pthread" + (
    " -fsanitize=" + config.sanitize if config.sanitize else "")))

# Under sanitizers all is slow: the sweeps check the ends of their lists only, and fuzzing
# has its own build, beside this one.
fuzzers = os.path.join(os.path.dirname(config.build_dir), "fuzz")
config.substitutions.append(("%fuzzers", fuzzers))
if config.sanitize:
    config.substitutions.append((r"\brnncc-check\b", "rnncc-check --few"))
elif os.path.exists(os.path.join(fuzzers, "bin", "fuzz-rnn")):
    config.available_features.add("fuzzers")

# What this machine's processor can run.
with open("/proc/cpuinfo") as cpuinfo:
    flags = cpuinfo.read().split()
for feature in ("avx2", "avx512f", "avx512_bf16"):
    if feature in flags:
        config.available_features.add(feature)
if os.path.exists(os.path.join(config.build_dir, "bin", "rnncc-halide")):
    config.available_features.add("halide")
if os.path.exists(os.path.join(config.build_dir, "bin", "runtime-team-tsan")):
    config.available_features.add("tsan")
if shutil.which("qemu-aarch64") and os.path.exists("/usr/aarch64-linux-gnu/lib/libc.a"):
    config.available_features.add("qemu-aarch64")
if os.path.exists("/usr/include/oneapi/dnnl/dnnl.hpp"):
    config.available_features.add("onednn")
for program in ("valgrind", "dpkg-shlibdeps", "pkg-config", "node"):
    if shutil.which(program):
        config.available_features.add(program)
