def Rnn_BareOp : Rnn_Op<"bare"> {
  let summary = "breaks `op-rule`";
}
