// Rules that use the result: it is the value that is saved.
// RUN: rnncc-opt %s -rnn-autodiff -canonicalize -cse | FileCheck %s

// tanh: 1 - y * y.
// CHECK-LABEL: rnn.cell @Tanh
//       CHECK:   rnn.scan backward
//       CHECK:     %[[D:.*]] = rnn.read @grad.y
//       CHECK:     %[[Y:.*]] = math.tanh
//       CHECK:     %[[YY:.*]] = arith.mulf %[[Y]], %[[Y]]
//       CHECK:     %[[S:.*]] = arith.subf %{{.*}}, %[[YY]]
//       CHECK:     %[[G:.*]] = arith.mulf %[[D]], %[[S]]
//       CHECK:     rnn.write @grad.x, %[[G]]
rnn.cell @Tanh outputs [@y] sizes {} {
  rnn.tensor @x input : tensor<4xf32>
  rnn.tensor @y output : tensor<4xf32>
  rnn.scan forward {
    %x = rnn.read @x : tensor<4xf32>
    %y = math.tanh %x : tensor<4xf32>
    rnn.write @y, %y : tensor<4xf32>
  }
}

// sigmoid: y * (1 - y).
// CHECK-LABEL: rnn.cell @Sigmoid
//       CHECK:   rnn.scan backward
//       CHECK:     %[[D:.*]] = rnn.read @grad.y
//       CHECK:     %[[Y:.*]] = rnn.sigmoid
//       CHECK:     %[[R:.*]] = arith.subf %{{.*}}, %[[Y]]
//       CHECK:     %[[S:.*]] = arith.mulf %[[Y]], %[[R]]
//       CHECK:     %[[G:.*]] = arith.mulf %[[D]], %[[S]]
//       CHECK:     rnn.write @grad.x, %[[G]]
rnn.cell @Sigmoid outputs [@y] sizes {} {
  rnn.tensor @x input : tensor<4xf32>
  rnn.tensor @y output : tensor<4xf32>
  rnn.scan forward {
    %x = rnn.read @x : tensor<4xf32>
    %y = rnn.sigmoid %x : tensor<4xf32>
    rnn.write @y, %y : tensor<4xf32>
  }
}

// exp: y.
// CHECK-LABEL: rnn.cell @Exp
//       CHECK:   rnn.scan backward
//       CHECK:     %[[D:.*]] = rnn.read @grad.y
//       CHECK:     %[[Y:.*]] = math.exp
//       CHECK:     %[[G:.*]] = arith.mulf %[[D]], %[[Y]]
//       CHECK:     rnn.write @grad.x, %[[G]]
rnn.cell @Exp outputs [@y] sizes {} {
  rnn.tensor @x input : tensor<4xf32>
  rnn.tensor @y output : tensor<4xf32>
  rnn.scan forward {
    %x = rnn.read @x : tensor<4xf32>
    %y = math.exp %x : tensor<4xf32>
    rnn.write @y, %y : tensor<4xf32>
  }
}

// sqrt: 1 / (2 * y).
// CHECK-LABEL: rnn.cell @Sqrt
//       CHECK:   rnn.scan backward
//       CHECK:     %[[D:.*]] = rnn.read @grad.y
//       CHECK:     %[[H:.*]] = arith.mulf %[[D]], %{{.*}}
//       CHECK:     %[[Y:.*]] = math.sqrt
//       CHECK:     %[[G:.*]] = arith.divf %[[H]], %[[Y]]
//       CHECK:     rnn.write @grad.x, %[[G]]
rnn.cell @Sqrt outputs [@y] sizes {} {
  rnn.tensor @x input : tensor<4xf32>
  rnn.tensor @y output : tensor<4xf32>
  rnn.scan forward {
    %x = rnn.read @x : tensor<4xf32>
    %y = math.sqrt %x : tensor<4xf32>
    rnn.write @y, %y : tensor<4xf32>
  }
}
