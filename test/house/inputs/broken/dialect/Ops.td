def Rnn_BareOp : Rnn_Op<"bare"> {
  let summary = "breaks `op-rule`";
}
def Rnn_MuteOp : Rnn_Op<"mute"> {
  let description = [{
    Has the example of another op.

    ```mlir
    rnn.bare
    ```
  }];
}
