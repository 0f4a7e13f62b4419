def SilentPass : Pass<"rnn-silent"> {
}
def AbsentPass : Pass<"rnn-absent"> {
  let summary = "points nowhere";
  let description = [{ Example: see `test/absent.mlir`. }];
}
def IdlePass : Pass<"rnn-idle"> {
  let summary = "points to a test of something else";
  let description = [{ Example: see `test/prefixes.mlir`. }];
}
