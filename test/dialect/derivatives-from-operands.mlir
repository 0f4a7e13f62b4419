// Rules that need the operand: the result does not tell it.
// RUN: rnncc-opt %s -rnn-autodiff -canonicalize -cse | FileCheck %s

// CHECK-LABEL: rnn.cell @Sin
//       CHECK:   rnn.scan backward
//       CHECK:     %[[D:.*]] = rnn.read @grad.y
//       CHECK:     %[[X:.*]] = rnn.read @x
//       CHECK:     %[[C:.*]] = math.cos %[[X]]
//       CHECK:     %[[G:.*]] = arith.mulf %[[D]], %[[C]]
//       CHECK:     rnn.write @grad.x, %[[G]]
rnn.cell @Sin outputs [@y] sizes {} {
  rnn.tensor @x input : tensor<4xf32>
  rnn.tensor @y output : tensor<4xf32>
  rnn.scan forward {
    %x = rnn.read @x : tensor<4xf32>
    %y = math.sin %x : tensor<4xf32>
    rnn.write @y, %y : tensor<4xf32>
  }
}

// CHECK-LABEL: rnn.cell @Cos
//       CHECK:   rnn.scan backward
//       CHECK:     %[[D:.*]] = rnn.read @grad.y
//       CHECK:     %[[X:.*]] = rnn.read @x
//       CHECK:     %[[S:.*]] = math.sin %[[X]]
//       CHECK:     %[[N:.*]] = arith.negf %[[S]]
//       CHECK:     %[[G:.*]] = arith.mulf %[[D]], %[[N]]
//       CHECK:     rnn.write @grad.x, %[[G]]
rnn.cell @Cos outputs [@y] sizes {} {
  rnn.tensor @x input : tensor<4xf32>
  rnn.tensor @y output : tensor<4xf32>
  rnn.scan forward {
    %x = rnn.read @x : tensor<4xf32>
    %y = math.cos %x : tensor<4xf32>
    rnn.write @y, %y : tensor<4xf32>
  }
}
