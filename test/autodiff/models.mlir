// What a model runs backward: its ops from the last to the first.
// RUN: rnncc-opt %s -rnn-differentiate-models | FileCheck %s

rnn.cell part @Sum outputs [@h] sizes {} {
  rnn.tensor @x input : tensor<4xf32>
  rnn.tensor @h state : tensor<4xf32>
  rnn.scan forward {
    %x = rnn.read @x : tensor<4xf32>
    %h = rnn.read @h[1] : tensor<4xf32>
    %s = arith.addf %x, %h : tensor<4xf32>
    rnn.write @h, %s : tensor<4xf32>
  }
}
rnn.cell part @Times outputs [@y] sizes {} {
  rnn.tensor @x input : tensor<4xf32>
  rnn.tensor @m input : tensor<4xf32>
  rnn.tensor @y output : tensor<4xf32>
  rnn.scan forward {
    %x = rnn.read @x : tensor<4xf32>
    %m = rnn.read @m : tensor<4xf32>
    %y = arith.mulf %x, %m : tensor<4xf32>
    rnn.write @y, %y : tensor<4xf32>
  }
}

// Random numbers are drawn again; the two shares of the gradient of `d` are added up before
// the run that gave it; the caller's final state has the gradient of the run's.
// CHECK-LABEL: rnn.model @Embedded
//       CHECK:   rnn.draw @m rate 5.000000e-01 stream 3
//       CHECK:   rnn.run tape([[TIMES:.*]]) @Times {
//       CHECK:   rnn.run tape([[SUM:.*]]) @Sum {
//       CHECK:   rnn.backward
//       CHECK:   rnn.draw @[[M:.*]] rate 5.000000e-01 stream 3
//       CHECK:   rnn.reverse @[[D1:.*]], @grad.s
//       CHECK:   rnn.run backward tape([[SUM]]) @Sum {grad.h = @grad.h, grad.h.0 = @a.h, grad.h.T = @a.h, grad.x = @[[D2:.*]], h.0 = @a.h, x = @d}
//       CHECK:   rnn.sum @[[D:.*]], [@[[D1]], @[[D2]]]
//       CHECK:   rnn.run backward tape([[TIMES]]) @Times {grad.x = @[[E:.*]], grad.y = @[[D]], m = @[[M]], x = @e}
//       CHECK:   rnn.scatter @W[@i], @[[E]]
//   CHECK-NOT:   rnn.run
rnn.model @Embedded outputs [@h, @s] sizes {} {
  rnn.tensor @i input : tensor<i32>
  rnn.tensor @W param : tensor<9x4xf32>
  rnn.tensor @a.h state : tensor<4xf32>
  rnn.tensor @e value : tensor<4xf32>
  rnn.tensor @m value : tensor<4xf32>
  rnn.tensor @d value : tensor<4xf32>
  rnn.tensor @r value : tensor<4xf32>
  rnn.tensor @h output : tensor<4xf32>
  rnn.tensor @s output : tensor<4xf32>
  rnn.lookup @e, @W[@i]
  rnn.draw @m rate 0.5 stream 3
  rnn.run @Times {x = @e, m = @m, y = @d}
  rnn.run @Sum {x = @d, h.0 = @a.h, h.T = @a.h, h = @h}
  rnn.reverse @r, @d
  rnn.sum @s, [@r]
}

// A sequence that is not read has a gradient all the same; what reads indices alone has
// none to give.
// CHECK-LABEL: rnn.model @Unread
//       CHECK:   rnn.backward
//  CHECK-NEXT:   rnn.sum @grad.x, []
//  CHECK-NEXT: }
rnn.model @Unread outputs [@c] sizes {} {
  rnn.tensor @x input : tensor<4xf32>
  rnn.tensor @i input per_sequence : tensor<i32>
  rnn.tensor @c output per_sequence : tensor<10xf32>
  rnn.one_hot @c, @i
}

// What has no gradient is said in the part: `p`, of which the loss does not depend but by a
// stopped gradient, in both, and `y`, which no parameter is behind.
// CHECK-LABEL: rnn.cell part @Dense
//       CHECK:   rnn.tensor @p output no_gradient
//       CHECK:   rnn.tensor @z output :
rnn.cell part @Dense outputs [@p, @z] sizes {} {
  rnn.tensor @x input : tensor<4xf32>
  rnn.tensor @p output : tensor<4xf32>
  rnn.tensor @z output : tensor<4xf32>
  rnn.scan forward {
    %x = rnn.read @x : tensor<4xf32>
    rnn.write @p, %x : tensor<4xf32>
    rnn.write @z, %x : tensor<4xf32>
  }
}
// CHECK-LABEL: rnn.cell part @Score
//       CHECK:   rnn.tensor @p input no_gradient
//       CHECK:   rnn.tensor @z input :
//       CHECK:   rnn.tensor @y input no_gradient
//       CHECK:   rnn.tensor @metric output no_gradient
rnn.cell part @Score outputs [@loss, @metric] sizes {} {
  rnn.tensor @p input : tensor<4xf32>
  rnn.tensor @z input : tensor<4xf32>
  rnn.tensor @y input : tensor<4xf32>
  rnn.tensor @loss output : tensor<f32>
  rnn.tensor @metric output : tensor<f32>
  rnn.scan forward {
    %p = rnn.read @p : tensor<4xf32>
    %z = rnn.read @z : tensor<4xf32>
    %y = rnn.read @y : tensor<4xf32>
    %most = rnn.reduce_max %p : tensor<4xf32> -> tensor<f32>
    %stopped = rnn.stop_gradient %most : tensor<f32>
    %m = arith.mulf %z, %y : tensor<4xf32>
    %sum = rnn.reduce_sum %m : tensor<4xf32> -> tensor<f32>
    %all = arith.addf %sum, %stopped : tensor<f32>
    rnn.write @loss, %all : tensor<f32>
    rnn.write @metric, %most : tensor<f32>
  }
}
// CHECK-LABEL: rnn.model @Scored
//       CHECK:   rnn.run backward tape(0) @Score {grad.loss = @grad.loss, grad.z = @[[Z:.*]], p = @p, y = @y, z = @z}
//       CHECK:   rnn.run backward tape(1) @Dense {grad.x = @{{.*}}, grad.z = @[[Z]], x = @x}
rnn.model @Scored outputs [] sizes {} {
  rnn.tensor @x input : tensor<4xf32>
  rnn.tensor @y target : tensor<4xf32>
  rnn.tensor @p value : tensor<4xf32>
  rnn.tensor @z value : tensor<4xf32>
  rnn.tensor @loss loss : tensor<f32>
  rnn.tensor @metric metric : tensor<f32>
  rnn.run @Dense {x = @x, p = @p, z = @z}
  rnn.run @Score {p = @p, z = @z, y = @y, loss = @loss, metric = @metric}
}
