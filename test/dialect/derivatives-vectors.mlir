// Rules of products and of ops that move elements; each is the transpose.
// RUN: rnncc-opt %s -rnn-autodiff -canonicalize -cse | FileCheck %s

// A sum becomes a splat, and a splat a sum.
// CHECK-LABEL: rnn.cell @Reduce
//       CHECK:   rnn.scan backward
//       CHECK:     %[[D:.*]] = rnn.read @grad.y
//       CHECK:     %[[S:.*]] = rnn.reduce_sum %[[D]]
//       CHECK:     %[[G:.*]] = rnn.splat %[[S]]
//       CHECK:     rnn.write @grad.x, %[[G]]
rnn.cell @Reduce outputs [@y] sizes {} {
  rnn.tensor @x input : tensor<4xf32>
  rnn.tensor @y output : tensor<4xf32>
  rnn.scan forward {
    %x = rnn.read @x : tensor<4xf32>
    %s = rnn.reduce_sum %x : tensor<4xf32> -> tensor<f32>
    %y = rnn.splat %s : tensor<f32> -> tensor<4xf32>
    rnn.write @y, %y : tensor<4xf32>
  }
}

// Slices of what was put together, zeros around what was cut out.
// CHECK-LABEL: rnn.cell @Slice
//       CHECK:   rnn.scan backward
//       CHECK:     %[[D:.*]] = rnn.read @grad.y
//       CHECK:     %[[A:.*]] = rnn.slice %[[D]][0]
//       CHECK:     %[[B:.*]] = rnn.slice %[[D]][2]
//       CHECK:     %[[S:.*]] = arith.addf %[[A]], %[[B]]
//       CHECK:     %[[G:.*]] = rnn.concat %{{.*}}, %[[S]], %{{.*}}
//       CHECK:     rnn.write @grad.x, %[[G]]
rnn.cell @Slice outputs [@y] sizes {} {
  rnn.tensor @x input : tensor<4xf32>
  rnn.tensor @y output : tensor<4xf32>
  rnn.scan forward {
    %x = rnn.read @x : tensor<4xf32>
    %a = rnn.slice %x[1] : tensor<4xf32> -> tensor<2xf32>
    %y = rnn.concat %a, %a : tensor<2xf32>, tensor<2xf32> -> tensor<4xf32>
    rnn.write @y, %y : tensor<4xf32>
  }
}

// The transposed product, and an outer one for the parameter.
// CHECK-LABEL: rnn.cell @Matvec
//       CHECK:   rnn.scan backward
//       CHECK:     %[[D:.*]] = rnn.read @grad.y
//       CHECK:     %[[G:.*]] = rnn.matvec transposed %{{.*}}, %[[D]]
//       CHECK:     rnn.accumulate @W, %[[D]] outer %{{.*}}
//       CHECK:     rnn.write @grad.x, %[[G]]
rnn.cell @Matvec outputs [@y] sizes {} {
  rnn.tensor @x input : tensor<4xf32>
  rnn.tensor @W param : tensor<4x4xf32>
  rnn.tensor @y output : tensor<4xf32>
  rnn.scan forward {
    %x = rnn.read @x : tensor<4xf32>
    %W = rnn.read @W : tensor<4x4xf32>
    %y = rnn.matvec %W, %x : tensor<4x4xf32>, tensor<4xf32> -> tensor<4xf32>
    rnn.write @y, %y : tensor<4xf32>
  }
}

// And the other way round.
// CHECK-LABEL: rnn.cell @Transposed
//       CHECK:   rnn.scan backward
//       CHECK:     %[[D:.*]] = rnn.read @grad.y
//       CHECK:     %[[X:.*]] = rnn.read @x
//       CHECK:     %[[G:.*]] = rnn.matvec %{{[0-9a-z]+}}, %[[D]]
//       CHECK:     rnn.accumulate @W, %[[X]] outer %[[D]]
//       CHECK:     rnn.write @grad.x, %[[G]]
rnn.cell @Transposed outputs [@y] sizes {} {
  rnn.tensor @x input : tensor<4xf32>
  rnn.tensor @W param : tensor<4x4xf32>
  rnn.tensor @y output : tensor<4xf32>
  rnn.scan forward {
    %x = rnn.read @x : tensor<4xf32>
    %W = rnn.read @W : tensor<4x4xf32>
    %y = rnn.matvec transposed %W, %x : tensor<4x4xf32>, tensor<4xf32> -> tensor<4xf32>
    rnn.write @y, %y : tensor<4xf32>
  }
}
