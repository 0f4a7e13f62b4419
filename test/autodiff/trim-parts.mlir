// What no op of a model reads is left out of its parts, from the last run to the first.
// RUN: rnncc-opt %s -rnn-trim-parts | FileCheck %s

// The loss reads logits alone: the part before it gives no probabilities.
// CHECK-LABEL: rnn.cell part @Dense outputs [@z]
//   CHECK-NOT:   @p
//       CHECK:   rnn.scan forward {
//  CHECK-NEXT:     %[[X:.*]] = rnn.read @x
//  CHECK-NEXT:     rnn.write @z, %[[X]]
//  CHECK-NEXT:   }
rnn.cell part @Dense outputs [@p, @z] sizes {} {
  rnn.tensor @x input : tensor<4xf32>
  rnn.tensor @m input : tensor<4xf32>
  rnn.tensor @p output : tensor<4xf32>
  rnn.tensor @z output : tensor<4xf32>
  rnn.scan forward {
    %x = rnn.read @x : tensor<4xf32>
    %m = rnn.read @m : tensor<4xf32>
    %p = arith.mulf %x, %m : tensor<4xf32>
    rnn.write @p, %p : tensor<4xf32>
    rnn.write @z, %x : tensor<4xf32>
  }
}
// CHECK-LABEL: rnn.cell part @Score
//   CHECK-NOT:   @p
rnn.cell part @Score outputs [@loss] sizes {} {
  rnn.tensor @p input : tensor<4xf32>
  rnn.tensor @z input : tensor<4xf32>
  rnn.tensor @loss output : tensor<f32>
  rnn.scan forward {
    %z = rnn.read @z : tensor<4xf32>
    %sum = rnn.reduce_sum %z : tensor<4xf32> -> tensor<f32>
    rnn.write @loss, %sum : tensor<f32>
  }
}
// A part that is run twice stays as it is, and one that is read.
// CHECK-LABEL: rnn.cell part @Twice outputs [@y]
//       CHECK:   rnn.tensor @u input
// CHECK-LABEL: rnn.cell part @Keep outputs [@h]
rnn.cell part @Twice outputs [@y] sizes {} {
  rnn.tensor @x input : tensor<4xf32>
  rnn.tensor @u input : tensor<4xf32>
  rnn.tensor @y output : tensor<4xf32>
  rnn.scan forward {
    %x = rnn.read @x : tensor<4xf32>
    rnn.write @y, %x : tensor<4xf32>
  }
}
rnn.cell part @Keep outputs [@h] sizes {} {
  rnn.tensor @x input : tensor<4xf32>
  rnn.tensor @h state : tensor<4xf32>
  rnn.scan forward {
    %x = rnn.read @x : tensor<4xf32>
    rnn.write @h, %x : tensor<4xf32>
  }
}

// CHECK-LABEL: rnn.model @M
//   CHECK-NOT:   rnn.tensor @p
//       CHECK:   rnn.run @Dense {x = @x, z = @z}
//       CHECK:   rnn.run @Score {loss = @loss, z = @z}
//       CHECK:   rnn.run @Twice {u = @x, x = @x, y = @a}
//       CHECK:   rnn.run @Keep {h = @k, x = @b}
rnn.model @M outputs [@c] sizes {} {
  rnn.tensor @x input : tensor<4xf32>
  rnn.tensor @p value : tensor<4xf32>
  rnn.tensor @z value : tensor<4xf32>
  rnn.tensor @loss loss : tensor<f32>
  rnn.tensor @a value : tensor<4xf32>
  rnn.tensor @b value : tensor<4xf32>
  rnn.tensor @k value : tensor<4xf32>
  rnn.tensor @c output : tensor<4xf32>
  rnn.run @Dense {x = @x, m = @x, p = @p, z = @z}
  rnn.run @Score {p = @p, z = @z, loss = @loss}
  rnn.run @Twice {x = @x, u = @x, y = @a}
  rnn.run @Twice {x = @a, u = @a, y = @b}
  rnn.run @Keep {x = @b, h = @k}
  rnn.sum @c, [@k]
}

// A part of which nothing is left is not run, nor is what only it read.
// CHECK-NOT: rnn.cell part @Useless
rnn.cell part @Useless outputs [@y] sizes {} {
  rnn.tensor @x input : tensor<4xf32>
  rnn.tensor @y output : tensor<4xf32>
  rnn.scan forward {
    %x = rnn.read @x : tensor<4xf32>
    %y = math.tanh %x : tensor<4xf32>
    rnn.write @y, %y : tensor<4xf32>
  }
}
// CHECK-LABEL: rnn.model @Rest
//   CHECK-NOT:   value
//       CHECK:   rnn.sum @c, [@x]
//  CHECK-NEXT: }
rnn.model @Rest outputs [@c] sizes {} {
  rnn.tensor @x input : tensor<4xf32>
  rnn.tensor @c output : tensor<4xf32>
  rnn.tensor @r value : tensor<4xf32>
  rnn.tensor @y value : tensor<4xf32>
  rnn.reverse @r, @x
  rnn.run @Useless {x = @r, y = @y}
  rnn.sum @c, [@x]
}
