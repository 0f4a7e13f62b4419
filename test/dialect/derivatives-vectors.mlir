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

// Two products, of which each reads an operand as it stands.
// CHECK-LABEL: rnn.cell @StepMatmul
//       CHECK:   rnn.scan backward
//   CHECK-DAG:     %[[D:.*]] = rnn.read @grad.y
//   CHECK-DAG:     %[[A:.*]] = rnn.read @A : tensor<8xf32>
//   CHECK-DAG:     %[[B:.*]] = rnn.read @B : tensor<12xf32>
//   CHECK-DAG:     %[[DA:.*]] = rnn.step_matmul %[[D]], %[[B]] transposed inner 3
//   CHECK-DAG:     %[[DB:.*]] = rnn.step_matmul %[[A]] transposed, %[[D]] inner 2
//   CHECK-DAG:     rnn.write @grad.A, %[[DA]] : tensor<8xf32>
//   CHECK-DAG:     rnn.write @grad.B, %[[DB]] : tensor<12xf32>
rnn.cell @StepMatmul outputs [@y] sizes {} {
  rnn.tensor @A input : tensor<2x4xf32>
  rnn.tensor @B input : tensor<4x3xf32>
  rnn.tensor @y output : tensor<6xf32>
  rnn.scan forward {
    %a = rnn.read @A : tensor<8xf32>
    %b = rnn.read @B : tensor<12xf32>
    %y = rnn.step_matmul %a, %b inner 4 : tensor<8xf32>, tensor<12xf32> -> tensor<6xf32>
    rnn.write @y, %y : tensor<6xf32>
  }
}

// What stands transposed gets its gradient transposed, without a transpose.
// CHECK-LABEL: rnn.cell @StepTransposed
//       CHECK:   rnn.scan backward
//   CHECK-DAG:     %[[D:.*]] = rnn.read @grad.y
//   CHECK-DAG:     %[[E:.*]] = rnn.read @grad.z
//   CHECK-DAG:     %[[A:.*]] = rnn.read @A : tensor<8xf32>
//   CHECK-DAG:     %[[B:.*]] = rnn.read @B : tensor<12xf32>
//   CHECK-DAG:     rnn.step_matmul %[[D]], %[[B]] inner 3
//   CHECK-DAG:     rnn.step_matmul %[[D]] transposed, %[[A]] inner 2
//   CHECK-DAG:     rnn.step_matmul %[[B]], %[[E]] transposed inner 3
//   CHECK-DAG:     rnn.step_matmul %[[A]], %[[E]] inner 2
rnn.cell @StepTransposed outputs [@y, @z] sizes {} {
  rnn.tensor @A input : tensor<2x4xf32>
  rnn.tensor @B input : tensor<3x4xf32>
  rnn.tensor @y output : tensor<6xf32>
  rnn.tensor @z output : tensor<6xf32>
  rnn.scan forward {
    %a = rnn.read @A : tensor<8xf32>
    %b = rnn.read @B : tensor<12xf32>
    %y = rnn.step_matmul %a, %b transposed inner 4 : tensor<8xf32>, tensor<12xf32> -> tensor<6xf32>
    rnn.write @y, %y : tensor<6xf32>
    %z = rnn.step_matmul %a transposed, %b inner 4 : tensor<8xf32>, tensor<12xf32> -> tensor<6xf32>
    rnn.write @z, %z : tensor<6xf32>
  }
}

// A weight's share is added up over the rows of the result, or over its columns.
// CHECK-LABEL: rnn.cell @StepWeights
//       CHECK:   rnn.scan backward
//   CHECK-DAG:     %[[D:.*]] = rnn.read @grad.y
//   CHECK-DAG:     %[[A:.*]] = rnn.read @A : tensor<8xf32>
//       CHECK:     %[[T:.*]] = rnn.step_transpose %[[D]] rows 3
//       CHECK:     rnn.accumulate @V, %[[T]] outer %[[A]] over 2 : tensor<6xf32>, tensor<8xf32>
//       CHECK:     rnn.accumulate @W, %[[A]] outer %[[D]] over 2 : tensor<8xf32>, tensor<6xf32>
rnn.cell @StepWeights outputs [@y] sizes {} {
  rnn.tensor @A input : tensor<2x4xf32>
  rnn.tensor @W param : tensor<4x3xf32>
  rnn.tensor @V param : tensor<3x4xf32>
  rnn.tensor @y output : tensor<6xf32>
  rnn.scan forward {
    %a = rnn.read @A : tensor<8xf32>
    %w = rnn.read @W : tensor<4x3xf32>
    %v = rnn.read @V : tensor<3x4xf32>
    %b = rnn.step_matmul %a, %w inner 4 : tensor<8xf32>, tensor<4x3xf32> -> tensor<6xf32>
    %c = rnn.step_matmul %v, %a transposed inner 4 : tensor<3x4xf32>, tensor<8xf32> -> tensor<6xf32>
    %s = arith.addf %b, %c : tensor<6xf32>
    rnn.write @y, %s : tensor<6xf32>
  }
}

// CHECK-LABEL: rnn.cell @StepTranspose
//       CHECK:   rnn.scan backward
//       CHECK:     %[[D:.*]] = rnn.read @grad.y
//       CHECK:     %[[T:.*]] = rnn.step_transpose %[[D]] rows 3
//       CHECK:     rnn.write @grad.A, %[[T]]
rnn.cell @StepTranspose outputs [@y] sizes {} {
  rnn.tensor @A input : tensor<2x3xf32>
  rnn.tensor @y output : tensor<3x2xf32>
  rnn.scan forward {
    %a = rnn.read @A : tensor<6xf32>
    %y = rnn.step_transpose %a rows 2 : tensor<6xf32>
    rnn.write @y, %y : tensor<6xf32>
  }
}
