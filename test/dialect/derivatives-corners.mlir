// Where a function has a corner, the gradient is what the language promises.
// RUN: rnncc-opt %s -rnn-autodiff -canonicalize -cse | FileCheck %s

// abs: 0 at 0.
// CHECK-LABEL: rnn.cell @Abs
//       CHECK:   rnn.scan backward
//       CHECK:     %[[D:.*]] = rnn.read @grad.y
//       CHECK:     %[[X:.*]] = rnn.read @x
//       CHECK:     %[[BELOW:.*]] = arith.cmpf olt, %[[X]], %[[ZERO:.*]] :
//       CHECK:     %[[N:.*]] = arith.negf %[[D]]
//       CHECK:     %[[B:.*]] = arith.select %[[BELOW]], %[[N]], %[[ZERO]]
//       CHECK:     %[[ABOVE:.*]] = arith.cmpf ogt, %[[X]], %[[ZERO]]
//       CHECK:     %[[G:.*]] = arith.select %[[ABOVE]], %[[D]], %[[B]]
//       CHECK:     rnn.write @grad.x, %[[G]]
rnn.cell @Abs outputs [@y] sizes {} {
  rnn.tensor @x input : tensor<4xf32>
  rnn.tensor @y output : tensor<4xf32>
  rnn.scan forward {
    %x = rnn.read @x : tensor<4xf32>
    %y = math.absf %x : tensor<4xf32>
    rnn.write @y, %y : tensor<4xf32>
  }
}

// max: half of it at a tie.
// CHECK-LABEL: rnn.cell @Maximum
//       CHECK:   rnn.scan backward
//       CHECK:     %[[D:.*]] = rnn.read @grad.y
//       CHECK:     %[[X:.*]] = rnn.read @x
//       CHECK:     %[[HALF:.*]] = arith.mulf %[[D]], %{{.*}}
//       CHECK:     %[[TIE:.*]] = arith.cmpf oeq, %[[X]], %[[C:.*]] :
//       CHECK:     %[[T:.*]] = arith.select %[[TIE]], %[[HALF]], %{{.*}}
//       CHECK:     %[[WINS:.*]] = arith.cmpf ogt, %[[X]], %[[C]]
//       CHECK:     %[[G:.*]] = arith.select %[[WINS]], %[[D]], %[[T]]
//       CHECK:     rnn.write @grad.x, %[[G]]
rnn.cell @Maximum outputs [@y] sizes {} {
  rnn.tensor @x input : tensor<4xf32>
  rnn.tensor @y output : tensor<4xf32>
  rnn.scan forward {
    %x = rnn.read @x : tensor<4xf32>
    %c = arith.constant dense<0.25> : tensor<4xf32>
    %y = arith.maximumf %x, %c : tensor<4xf32>
    rnn.write @y, %y : tensor<4xf32>
  }
}

// A step has gradient 0.
// CHECK-LABEL: rnn.cell @Compare
//       CHECK:   %[[ZERO:.*]] = arith.constant dense<0.000000e+00>
//       CHECK:   rnn.scan backward
//       CHECK:     rnn.write @grad.x, %[[ZERO]]
rnn.cell @Compare outputs [@y] sizes {} {
  rnn.tensor @x input : tensor<4xf32>
  rnn.tensor @y output : tensor<4xf32>
  rnn.scan forward {
    %x = rnn.read @x : tensor<4xf32>
    %c = arith.constant dense<0.5> : tensor<4xf32>
    %b = arith.cmpf ogt, %x, %c : tensor<4xf32>
    %y = arith.uitofp %b : tensor<4xi1> to tensor<4xf32>
    rnn.write @y, %y : tensor<4xf32>
  }
}

// Only the side that was taken.
// CHECK-LABEL: rnn.cell @Where
//       CHECK:   rnn.scan backward
//       CHECK:     %[[D:.*]] = rnn.read @grad.y
//       CHECK:     %[[B:.*]] = arith.cmpf ogt
//       CHECK:     %[[G:.*]] = arith.select %[[B]], %[[D]], %{{.*}}
//       CHECK:     rnn.write @grad.x, %[[G]]
rnn.cell @Where outputs [@y] sizes {} {
  rnn.tensor @x input : tensor<4xf32>
  rnn.tensor @y output : tensor<4xf32>
  rnn.scan forward {
    %x = rnn.read @x : tensor<4xf32>
    %c = arith.constant dense<0.5> : tensor<4xf32>
    %b = arith.cmpf ogt, %x, %c : tensor<4xf32>
    %y = arith.select %b, %x, %c : tensor<4xi1>, tensor<4xf32>
    rnn.write @y, %y : tensor<4xf32>
  }
}
