// Each rule of the ops of models, broken once.
// RUN: rnncc-opt %s -split-input-file -verify-diagnostics

// model-body
rnn.model @M outputs [] sizes {} {
  rnn.tensor @x input : tensor<4xf32>
  // expected-error @+1 {{stands in the body of a model}}
  %0 = arith.constant dense<1.0> : tensor<4xf32>
}

// -----

// model-order: read before it is written.
rnn.model @M outputs [@y] sizes {} {
  rnn.tensor @v value : tensor<4xf32>
  rnn.tensor @y output : tensor<4xf32>
  // expected-error @+1 {{reads 'v' before it is written}}
  rnn.sum @y, [@v]
}

// -----

// model-order: written twice.
rnn.model @M outputs [@y] sizes {} {
  rnn.tensor @x input : tensor<4xf32>
  rnn.tensor @v value : tensor<4xf32>
  rnn.tensor @y output : tensor<4xf32>
  rnn.sum @v, [@x]
  // expected-error @+1 {{writes 'v' a second time}}
  rnn.reverse @v, @x
  rnn.sum @y, [@v]
}

// -----

// run-cell: there is none.
rnn.model @M outputs [@y] sizes {} {
  rnn.tensor @x input : tensor<4xf32>
  rnn.tensor @y output : tensor<4xf32>
  // expected-error @+1 {{runs @None, which is no part of a model}}
  rnn.run @None {x = @x, y = @y}
}

// -----

// run-cell: it has entry points of its own.
rnn.cell @Whole outputs [@y] sizes {} {
  rnn.tensor @x input : tensor<4xf32>
  rnn.tensor @y output : tensor<4xf32>
  rnn.scan forward {
    %x = rnn.read @x : tensor<4xf32>
    rnn.write @y, %x : tensor<4xf32>
  }
}
rnn.model @M outputs [@y] sizes {} {
  rnn.tensor @x input : tensor<4xf32>
  rnn.tensor @y output : tensor<4xf32>
  // expected-error @+1 {{runs @Whole, which is no part of a model}}
  rnn.run @Whole {x = @x, y = @y}
}

// -----

// run-bind: of another type.
rnn.cell part @M.y outputs [@y] sizes {} {
  rnn.tensor @x input : tensor<4xf32>
  rnn.tensor @y output : tensor<4xf32>
  rnn.scan forward {
    %x = rnn.read @x : tensor<4xf32>
    rnn.write @y, %x : tensor<4xf32>
  }
}
rnn.model @M outputs [@y] sizes {} {
  rnn.tensor @x input : tensor<5xf32>
  rnn.tensor @y output : tensor<4xf32>
  // expected-error @+1 {{binds "x" to @x, but the cell has no such array of this type}}
  rnn.run @M.y {x = @x, y = @y}
}

// -----

// run-bind: of no array of the cell.
rnn.cell part @M.y outputs [@y] sizes {} {
  rnn.tensor @x input : tensor<4xf32>
  rnn.tensor @y output : tensor<4xf32>
  rnn.scan forward {
    %x = rnn.read @x : tensor<4xf32>
    rnn.write @y, %x : tensor<4xf32>
  }
}
rnn.model @M outputs [@y] sizes {} {
  rnn.tensor @x input : tensor<4xf32>
  rnn.tensor @y output : tensor<4xf32>
  // expected-error @+1 {{binds "h.T" to @y, but the cell has no such array of this type}}
  rnn.run @M.y {h.T = @y, x = @x}
}

// -----

// run-bind: to a tensor that is not declared.
rnn.cell part @M.y outputs [@y] sizes {} {
  rnn.tensor @x input : tensor<4xf32>
  rnn.tensor @y output : tensor<4xf32>
  rnn.scan forward {
    %x = rnn.read @x : tensor<4xf32>
    rnn.write @y, %x : tensor<4xf32>
  }
}
rnn.model @M outputs [@y] sizes {} {
  rnn.tensor @y output : tensor<4xf32>
  // expected-error @+1 {{binds "x" to @x, which is not declared}}
  rnn.run @M.y {x = @x, y = @y}
}

// -----

// lookup-types: the rows are longer than the result.
rnn.model @M outputs [@e] sizes {} {
  rnn.tensor @i input : tensor<i32>
  rnn.tensor @W param : tensor<9x5xf32>
  rnn.tensor @e output : tensor<4xf32>
  // expected-error @+1 {{has no table, indices and rows that fit}}
  rnn.lookup @e, @W[@i]
}

// -----

// lookup-types: numbers are no indices.
rnn.model @M outputs [@e] sizes {} {
  rnn.tensor @i input : tensor<f32>
  rnn.tensor @W param : tensor<9x4xf32>
  rnn.tensor @e output : tensor<4xf32>
  // expected-error @+1 {{has no table, indices and rows that fit}}
  rnn.lookup @e, @W[@i]
}

// -----

// scatter-types: only a parameter is a table.
rnn.model @M outputs [@e] sizes {} {
  rnn.tensor @i input : tensor<i32>
  rnn.tensor @W input : tensor<9x4xf32>
  rnn.tensor @e output : tensor<4xf32>
  rnn.tensor @grad.e output_gradient of @e : tensor<4xf32>
  rnn.backward
  // expected-error @+1 {{has no table, indices and rows that fit}}
  rnn.scatter @W[@i], @grad.e
}

// -----

// reverse-types
rnn.model @M outputs [@r] sizes {} {
  rnn.tensor @x input : tensor<4xf32>
  rnn.tensor @r output : tensor<5xf32>
  // expected-error @+1 {{has an operand of another type}}
  rnn.reverse @r, @x
}

// -----

// reverse-types: one value has no order.
rnn.model @M outputs [@r] sizes {} {
  rnn.tensor @x input per_sequence : tensor<4xf32>
  rnn.tensor @r output per_sequence : tensor<4xf32>
  // expected-error @+1 {{has an operand or a result that is no sequence}}
  rnn.reverse @r, @x
}

// -----

// hot-types
rnn.model @M outputs [@c] sizes {} {
  rnn.tensor @i input : tensor<f32>
  rnn.tensor @c output : tensor<10xf32>
  // expected-error @+1 {{does not make vectors of indices}}
  rnn.one_hot @c, @i
}

// -----

// draw-rate
rnn.model @M outputs [@m] sizes {} {
  rnn.tensor @m output : tensor<4xf32>
  // expected-error @+1 {{has the rate 1.000000e+00, not 0 to below 1}}
  rnn.draw @m rate 1.0 stream 0
}

// -----

// sum-types
rnn.model @M outputs [@y] sizes {} {
  rnn.tensor @x input : tensor<4xf32>
  rnn.tensor @z input : tensor<f32>
  rnn.tensor @y output : tensor<4xf32>
  // expected-error @+1 {{has an operand of another type}}
  rnn.sum @y, [@x, @z]
}
