// Each rule of the dialect's ops, broken once.
// RUN: rnncc-opt %s -split-input-file -verify-diagnostics

// cell-outputs
// expected-error @+1 {{output @x is of role input}}
rnn.cell @C outputs [@x] sizes {} {
  rnn.tensor @x input : tensor<4xf32>
  rnn.scan forward {
  }
}

// -----

// cell-body
rnn.cell @C outputs [] sizes {} {
  rnn.tensor @x input : tensor<4xf32>
  %0 = arith.constant dense<1.0> : tensor<4xf32>
  // expected-error @+1 {{stands in the body of a cell}}
  %1 = arith.negf %0 : tensor<4xf32>
  rnn.scan forward {
  }
}

// -----

// cell-element
rnn.cell @C outputs [] sizes {} {
  rnn.tensor @x input : tensor<4xf32>
  // expected-error @+1 {{has elements of 'f64' in a cell of 'f32'}}
  rnn.tensor @y input : tensor<4xf64>
  rnn.scan forward {
  }
}

// -----

// cell-element: one at least.
// expected-error @+1 {{has no tensors}}
rnn.cell @C outputs [] sizes {} {
  rnn.scan forward {
  }
}

// -----

// cell-products
// expected-error @+1 {{multiplies in bf16, which cells of f32 alone can, not those of 'f64'}}
rnn.cell @C outputs [] sizes {} bf16_products {
  rnn.tensor @x input : tensor<4xf64>
  rnn.scan forward {
  }
}

// -----

// tensor-of
rnn.cell @C outputs [@h] sizes {} {
  rnn.tensor @h state delay 1 : tensor<4xf32>
  // expected-error @+1 {{of role carry has no tensor of this type to belong to}}
  rnn.tensor @c carry of @h delay 2 : tensor<4xf32>
  rnn.scan forward {
  }
}

// -----

// tensor-of: gradients of what the caller sees.
rnn.cell @C outputs [] sizes {} {
  rnn.tensor @h state : tensor<4xf32>
  // expected-error @+1 {{of role output_gradient has no tensor}}
  rnn.tensor @g output_gradient of @h : tensor<4xf32>
  rnn.scan forward {
  }
}

// -----

// tensor-of: nothing at all.
rnn.cell @C outputs [] sizes {} {
  rnn.tensor @x input : tensor<4xf32>
  // expected-error @+1 {{of role input_gradient has no tensor}}
  rnn.tensor @g input_gradient : tensor<4xf32>
  rnn.scan forward {
  }
}

// -----

// scan-form
rnn.cell @C outputs [] sizes {} {
  rnn.tensor @x input : tensor<4xf32>
  // expected-error @+1 {{holds stages and other ops}}
  rnn.scan forward {
    %x = rnn.read @x : tensor<4xf32>
    rnn.stage step units(4) {
    }
  }
}

// -----

// scan-values
rnn.cell @C outputs [] sizes {} {
  rnn.tensor @x input : tensor<4xf32>
  rnn.scan forward {
    // expected-error @+1 {{does not give one static tensor}}
    %0 = arith.constant true
  }
}

// -----

// scan-values: regions.
rnn.cell @C outputs [] sizes {} {
  rnn.tensor @x input : tensor<4xf32>
  rnn.scan forward {
    // expected-error @+1 {{does not give one static tensor}}
    builtin.module {
    }
  }
}

// -----

// cell-scans
// expected-error @+1 {{has 2 forward and 0 backward scans}}
rnn.cell @C outputs [] sizes {} {
  rnn.tensor @x input : tensor<4xf32>
  rnn.scan forward {
  }
  rnn.scan forward {
  }
}

// -----

// cell-setups
rnn.cell @C outputs [] sizes {} {
  rnn.tensor @x input : tensor<4xf32>
  rnn.setup forward {
  }
  // expected-error @+1 {{is the second of its direction}}
  rnn.setup forward {
  }
  rnn.scan forward {
  }
}

// -----

// read-type
rnn.cell @C outputs [] sizes {} {
  rnn.tensor @x input : tensor<4xf32>
  rnn.scan forward {
    // expected-error @+1 {{gives 'tensor<3xf32>' but @x is 'tensor<4xf32>'}}
    %0 = rnn.read @x : tensor<3xf32>
  }
}

// -----

// read-role
rnn.cell @C outputs [@y] sizes {} {
  rnn.tensor @y output : tensor<4xf32>
  rnn.scan forward {
    // expected-error @+1 {{reads @y of role output in a forward scan}}
    %0 = rnn.read @y : tensor<4xf32>
  }
}

// -----

// read-role: a setup runs before there are steps.
rnn.cell @C outputs [] sizes {} {
  rnn.tensor @x input : tensor<4xf32>
  rnn.setup forward {
    // expected-error @+1 {{reads @x of role input in a forward setup}}
    %0 = rnn.read @x : tensor<4xf32>
  }
  rnn.scan forward {
  }
}

// -----

// read-delay: h[t] is not known yet.
rnn.cell @C outputs [@h] sizes {} {
  rnn.tensor @h state delay 2 : tensor<4xf32>
  rnn.scan forward {
    // expected-error @+1 {{reads @h with delay 0, not 1 to 2}}
    %0 = rnn.read @h : tensor<4xf32>
  }
}

// -----

// write-type
rnn.cell @C outputs [@h] sizes {} {
  rnn.tensor @x input : tensor<3xf32>
  rnn.tensor @h state : tensor<4xf32>
  rnn.scan forward {
    %0 = rnn.read @x : tensor<3xf32>
    // expected-error @+1 {{writes 'tensor<3xf32>' but @h is 'tensor<4xf32>'}}
    rnn.write @h, %0 : tensor<3xf32>
  }
}

// -----

// write-role
rnn.cell @C outputs [] sizes {} {
  rnn.tensor @x input : tensor<4xf32>
  rnn.scan forward {
    %0 = rnn.read @x : tensor<4xf32>
    // expected-error @+1 {{writes @x of role input in a forward scan}}
    rnn.write @x, %0 : tensor<4xf32>
  }
}

// -----

// write-role: what a setup made stays as it is.
rnn.cell @C outputs [] sizes {} {
  rnn.tensor @x input : tensor<4xf32>
  rnn.tensor @d derived : tensor<4xf32>
  rnn.scan forward {
    %0 = rnn.read @x : tensor<4xf32>
    // expected-error @+1 {{writes @d of role derived in a forward scan}}
    rnn.write @d, %0 : tensor<4xf32>
  }
}

// -----

// write-once
rnn.cell @C outputs [@h] sizes {} {
  rnn.tensor @x input : tensor<4xf32>
  rnn.tensor @h state : tensor<4xf32>
  rnn.scan forward {
    %0 = rnn.read @x : tensor<4xf32>
    rnn.write @h, %0 : tensor<4xf32>
    // expected-error @+1 {{writes @h again}}
    rnn.write @h, %0 : tensor<4xf32>
  }
}

// -----

// accumulate-param
rnn.cell @C outputs [] sizes {} {
  rnn.tensor @x input : tensor<4xf32>
  rnn.scan forward {
    %0 = rnn.read @x : tensor<4xf32>
    // expected-error @+1 {{adds to @x of role input}}
    rnn.accumulate @x, %0 : tensor<4xf32>
  }
}

// -----

// accumulate-scan
rnn.cell @C outputs [] sizes {} {
  rnn.tensor @b param : tensor<f32>
  rnn.scan forward {
    %0 = rnn.read @b : tensor<f32>
    // expected-error @+1 {{adds to a gradient in a forward scan}}
    rnn.accumulate @b at [], %0 : tensor<f32>
  }
}

// -----

// accumulate-element
rnn.cell @C outputs [] sizes {} {
  rnn.tensor @b param : tensor<4xf32>
  rnn.scan forward {
    %0 = arith.constant dense<1.0> : tensor<4xf64>
    // expected-error @+1 {{adds to @b elements of another type than 'f32'}}
    rnn.accumulate @b, %0 : tensor<4xf64>
  }
}

// -----

// accumulate-param: what is derived has handed its gradient on by then.
rnn.cell @C outputs [] sizes {} {
  rnn.tensor @d derived : tensor<4xf32>
  rnn.setup backward {
    %0 = rnn.read @d : tensor<4xf32>
    // expected-error @+1 {{adds to @d of role derived}}
    rnn.accumulate @d, %0 : tensor<4xf32>
  }
  rnn.scan forward {
  }
}

// -----

// accumulate-over
rnn.cell @C outputs [] sizes {} {
  rnn.tensor @a input : tensor<4xf32>
  rnn.tensor @b input : tensor<6xf32>
  rnn.tensor @W param : tensor<2x3xf32>
  rnn.scan forward {
  }
  rnn.scan backward {
    %a = rnn.read @a : tensor<4xf32>
    %b = rnn.read @b : tensor<6xf32>
    rnn.accumulate @W, %a outer %b over 2 : tensor<4xf32>, tensor<6xf32>
    // expected-error @+1 {{adds up 4 vectors of 4 and of 6 elements}}
    rnn.accumulate @W, %a outer %b over 4 : tensor<4xf32>, tensor<6xf32>
  }
}

// -----

// accumulate-inside
rnn.cell @C outputs [] sizes {} {
  rnn.tensor @x input : tensor<4xf32>
  rnn.tensor @b param : tensor<6xf32>
  rnn.scan forward {
    %0 = rnn.read @x : tensor<4xf32>
    // expected-error @+1 {{adds 4 elements from 3 of dimension 0, which has 6}}
    rnn.accumulate @b at [3], %0 : tensor<4xf32>
  }
}

// -----

// accumulate-inside: no sum overflows.
rnn.cell @C outputs [] sizes {} {
  rnn.tensor @x input : tensor<4xf32>
  rnn.tensor @b param : tensor<6xf32>
  rnn.scan forward {
    %0 = rnn.read @x : tensor<4xf32>
    // expected-error @+1 {{adds 4 elements from 9223372036854775807 of dimension 0}}
    rnn.accumulate @b at [9223372036854775807], %0 : tensor<4xf32>
  }
}

// -----

// matvec-inner
rnn.cell @C outputs [] sizes {} {
  rnn.tensor @x input : tensor<3xf32>
  rnn.tensor @W param : tensor<4x5xf32>
  rnn.scan forward {
    %x = rnn.read @x : tensor<3xf32>
    %w = rnn.read @W : tensor<4x5xf32>
    // expected-error @+1 {{weight of matvec takes 5 elements but input has 3}}
    %0 = rnn.matvec %w, %x : tensor<4x5xf32>, tensor<3xf32> -> tensor<4xf32>
  }
}

// -----

// matvec-outer
rnn.cell @C outputs [] sizes {} {
  rnn.tensor @x input : tensor<5xf32>
  rnn.tensor @W param : tensor<4x5xf32>
  rnn.scan forward {
    %x = rnn.read @x : tensor<5xf32>
    %w = rnn.read @W : tensor<4x5xf32>
    // expected-error @+1 {{weight of matvec gives 4 elements but result has 3}}
    %0 = rnn.matvec %w, %x : tensor<4x5xf32>, tensor<5xf32> -> tensor<3xf32>
  }
}

// -----

// matvec-element
rnn.cell @C outputs [] sizes {} {
  rnn.tensor @x input : tensor<5xf64>
  rnn.tensor @W param : tensor<4x5xf32>
  rnn.scan forward {
    %x = rnn.read @x : tensor<5xf64>
    %w = rnn.read @W : tensor<4x5xf32>
    // expected-error @+1 {{mixes element types 'f32', 'f64' and 'f32'}}
    %0 = rnn.matvec %w, %x : tensor<4x5xf32>, tensor<5xf64> -> tensor<4xf32>
  }
}

// -----

// matmul-inner
rnn.cell @C outputs [] sizes {} {
  rnn.tensor @A param : tensor<4x3xf32>
  rnn.tensor @B param : tensor<2x5xf32>
  rnn.scan forward {
    %a = rnn.read @A : tensor<4x3xf32>
    %b = rnn.read @B : tensor<2x5xf32>
    // expected-error @+1 {{left has 3 columns but right has 2 rows}}
    %0 = rnn.matmul %a, %b : tensor<4x3xf32>, tensor<2x5xf32> -> tensor<4x5xf32>
  }
}

// -----

// matmul-outer
rnn.cell @C outputs [] sizes {} {
  rnn.tensor @A param : tensor<4x3xf32>
  rnn.tensor @B param : tensor<3x5xf32>
  rnn.scan forward {
    %a = rnn.read @A : tensor<4x3xf32>
    %b = rnn.read @B : tensor<3x5xf32>
    // expected-error @+1 {{gives 'tensor<5x4xf32>', not 4 rows and 5 columns}}
    %0 = rnn.matmul %a, %b : tensor<4x3xf32>, tensor<3x5xf32> -> tensor<5x4xf32>
  }
}

// -----

// matmul-element
rnn.cell @C outputs [] sizes {} {
  rnn.tensor @A param : tensor<4x3xf32>
  rnn.tensor @B param : tensor<3x5xf64>
  rnn.scan forward {
    %a = rnn.read @A : tensor<4x3xf32>
    %b = rnn.read @B : tensor<3x5xf64>
    // expected-error @+1 {{mixes element types 'f32', 'f64' and 'f32'}}
    %0 = rnn.matmul %a, %b : tensor<4x3xf32>, tensor<3x5xf64> -> tensor<4x5xf32>
  }
}

// -----

// outer-size
rnn.cell @C outputs [] sizes {} {
  rnn.tensor @a input : tensor<4xf32>
  rnn.tensor @b input : tensor<3xf32>
  rnn.scan forward {
    %a = rnn.read @a : tensor<4xf32>
    %b = rnn.read @b : tensor<3xf32>
    // expected-error @+1 {{gives 'tensor<3x4xf32>', not 4 rows and 3 columns}}
    %0 = rnn.outer %a, %b : tensor<4xf32>, tensor<3xf32> -> tensor<3x4xf32>
  }
}

// -----

// outer-element
rnn.cell @C outputs [] sizes {} {
  rnn.tensor @a input : tensor<4xf32>
  rnn.tensor @b input : tensor<3xf32>
  rnn.scan forward {
    %a = rnn.read @a : tensor<4xf32>
    %b = rnn.read @b : tensor<3xf32>
    // expected-error @+1 {{mixes element types 'f32', 'f32' and 'f64'}}
    %0 = rnn.outer %a, %b : tensor<4xf32>, tensor<3xf32> -> tensor<4x3xf64>
  }
}

// -----

// step-matmul-inner
rnn.cell @C outputs [] sizes {} {
  rnn.tensor @A state : tensor<4x3xf32>
  rnn.tensor @x input : tensor<3xf32>
  rnn.tensor @W param : tensor<3x2xf32>
  rnn.scan forward {
    %a = rnn.read @A[1] : tensor<12xf32>
    %x = rnn.read @x : tensor<3xf32>
    %w = rnn.read @W : tensor<3x2xf32>
    // expected-error @+1 {{sums over 5 elements, which 'tensor<12xf32>' and 'tensor<3x2xf32>' do not have}}
    %0 = rnn.step_matmul %a, %w inner 5 : tensor<12xf32>, tensor<3x2xf32> -> tensor<8xf32>
  }
}

// -----

// step-matmul-inner: of a weight, rows are not columns.
rnn.cell @C outputs [] sizes {} {
  rnn.tensor @A state : tensor<4x3xf32>
  rnn.tensor @x input : tensor<3xf32>
  rnn.tensor @W param : tensor<3x2xf32>
  rnn.scan forward {
    %a = rnn.read @A[1] : tensor<12xf32>
    %x = rnn.read @x : tensor<3xf32>
    %w = rnn.read @W : tensor<3x2xf32>
    // expected-error @+1 {{sums over 2 elements}}
    %0 = rnn.step_matmul %a, %w inner 2 : tensor<12xf32>, tensor<3x2xf32> -> tensor<18xf32>
  }
}

// -----

// step-matmul-outer
rnn.cell @C outputs [] sizes {} {
  rnn.tensor @A state : tensor<4x3xf32>
  rnn.tensor @x input : tensor<3xf32>
  rnn.tensor @W param : tensor<3x2xf32>
  rnn.scan forward {
    %a = rnn.read @A[1] : tensor<12xf32>
    %x = rnn.read @x : tensor<3xf32>
    %w = rnn.read @W : tensor<3x2xf32>
    // expected-error @+1 {{gives 'tensor<6xf32>', not 4 rows of 2 elements}}
    %0 = rnn.step_matmul %a, %w inner 3 : tensor<12xf32>, tensor<3x2xf32> -> tensor<6xf32>
  }
}

// -----

// step-matmul-transposed
rnn.cell @C outputs [] sizes {} {
  rnn.tensor @A state : tensor<4x3xf32>
  rnn.tensor @x input : tensor<3xf32>
  rnn.tensor @W param : tensor<3x2xf32>
  rnn.scan forward {
    %a = rnn.read @A[1] : tensor<12xf32>
    %x = rnn.read @x : tensor<3xf32>
    %w = rnn.read @W : tensor<3x2xf32>
    // expected-error @+1 {{has two transposed operands}}
    %0 = rnn.step_matmul %a transposed, %w transposed inner 2 : tensor<12xf32>, tensor<3x2xf32> -> tensor<18xf32>
  }
}

// -----

// step-matmul-element
rnn.cell @C outputs [] sizes {} {
  rnn.tensor @A state : tensor<4x3xf32>
  rnn.tensor @x input : tensor<3xf32>
  rnn.tensor @W param : tensor<3x2xf32>
  rnn.scan forward {
    %a = rnn.read @A[1] : tensor<12xf32>
    %x = rnn.read @x : tensor<3xf32>
    %w = rnn.read @W : tensor<3x2xf32>
    // expected-error @+1 {{mixes element types 'f32', 'f32' and 'f64'}}
    %0 = rnn.step_matmul %a, %x inner 3 : tensor<12xf32>, tensor<3xf32> -> tensor<4xf64>
  }
}

// -----

// step-matmul-weight
rnn.cell @C outputs [] sizes {} {
  rnn.tensor @A state : tensor<4x3xf32>
  rnn.tensor @x input : tensor<3xf32>
  rnn.scan forward {
    %a = rnn.read @A[1] : tensor<4x3xf32>
    %x = rnn.read @x : tensor<3xf32>
    // expected-error @+1 {{weight is neither a parameter nor a slice of one}}
    %0 = rnn.step_matmul %a, %x inner 3 : tensor<4x3xf32>, tensor<3xf32> -> tensor<4xf32>
  }
}

// -----

// step-matmul-weight: one at most.
rnn.cell @C outputs [] sizes {} {
  rnn.tensor @W param : tensor<3x3xf32>
  rnn.scan forward {
    %w = rnn.read @W : tensor<3x3xf32>
    // expected-error @+1 {{multiplies two weights}}
    %0 = rnn.step_matmul %w, %w inner 3 : tensor<3x3xf32>, tensor<3x3xf32> -> tensor<9xf32>
  }
}

// -----

// step-transpose-rows
rnn.cell @C outputs [] sizes {} {
  rnn.tensor @A state : tensor<4x3xf32>
  rnn.tensor @x input : tensor<3xf32>
  rnn.tensor @W param : tensor<3x2xf32>
  rnn.scan forward {
    %a = rnn.read @A[1] : tensor<12xf32>
    %x = rnn.read @x : tensor<3xf32>
    %w = rnn.read @W : tensor<3x2xf32>
    // expected-error @+1 {{has 5 rows of 'tensor<12xf32>'}}
    %0 = rnn.step_transpose %a rows 5 : tensor<12xf32>
  }
}

// -----

// read-type: the vector of a matrix's rows has all of its elements.
rnn.cell @C outputs [] sizes {} {
  rnn.tensor @A state : tensor<4x3xf32>
  rnn.tensor @x input : tensor<3xf32>
  rnn.tensor @W param : tensor<3x2xf32>
  rnn.scan forward {
    // expected-error @+1 {{gives 'tensor<4xf32>' but @A is 'tensor<4x3xf32>'}}
    %0 = rnn.read @A[1] : tensor<4xf32>
  }
}

// -----

// transpose-swapped
rnn.cell @C outputs [] sizes {} {
  rnn.tensor @A param : tensor<4x3xf32>
  rnn.scan forward {
    %a = rnn.read @A : tensor<4x3xf32>
    // expected-error @+1 {{makes 'tensor<4x3xf32>' of 'tensor<4x3xf32>'}}
    %0 = rnn.transpose %a : tensor<4x3xf32> -> tensor<4x3xf32>
  }
}

// -----

// concat-sum
rnn.cell @C outputs [] sizes {} {
  rnn.tensor @x input : tensor<5xf32>
  rnn.scan forward {
    %x = rnn.read @x : tensor<5xf32>
    // expected-error @+1 {{operands have 10 rows but result has 9}}
    %0 = rnn.concat %x, %x : tensor<5xf32>, tensor<5xf32> -> tensor<9xf32>
  }
}

// -----

// concat-rest
rnn.cell @C outputs [] sizes {} {
  rnn.tensor @x input : tensor<5xf32>
  rnn.scan forward {
    %x = rnn.read @x : tensor<5xf32>
    // expected-error @+1 {{operand 'tensor<5xf32>' does not fit 'tensor<5xf64>'}}
    %0 = rnn.concat %x : tensor<5xf32> -> tensor<5xf64>
  }
}

// -----

// slice-rank
rnn.cell @C outputs [] sizes {} {
  rnn.tensor @x input : tensor<5xf32>
  rnn.scan forward {
    %x = rnn.read @x : tensor<5xf32>
    // expected-error @+1 {{cuts 'tensor<2xf32>' out of 'tensor<5xf32>' with 2 offsets}}
    %0 = rnn.slice %x[1, 1] : tensor<5xf32> -> tensor<2xf32>
  }
}

// -----

// slice-rank: nothing to cut in a scalar.
rnn.cell @C outputs [] sizes {} {
  rnn.tensor @x input : tensor<f32>
  rnn.scan forward {
    %x = rnn.read @x : tensor<f32>
    // expected-error @+1 {{cuts 'tensor<f32>' out of 'tensor<f32>' with 0 offsets}}
    %0 = rnn.slice %x[] : tensor<f32> -> tensor<f32>
  }
}

// -----

// slice-inside
rnn.cell @C outputs [] sizes {} {
  rnn.tensor @x input : tensor<5xf32>
  rnn.scan forward {
    %x = rnn.read @x : tensor<5xf32>
    // expected-error @+1 {{cuts 2 elements from 4 of dimension 0, which has 5}}
    %0 = rnn.slice %x[4] : tensor<5xf32> -> tensor<2xf32>
  }
}

// -----

// slice-inside: no sum overflows.
rnn.cell @C outputs [] sizes {} {
  rnn.tensor @x input : tensor<5xf32>
  rnn.scan forward {
    %x = rnn.read @x : tensor<5xf32>
    // expected-error @+1 {{cuts 2 elements from 9223372036854775807 of dimension 0}}
    %0 = rnn.slice %x[9223372036854775807] : tensor<5xf32> -> tensor<2xf32>
  }
}

// -----

// stage-units
rnn.cell @C outputs [@y] sizes {} {
  rnn.tensor @x input : tensor<5xf32>
  rnn.tensor @y output : tensor<5xf32>
  rnn.scan forward {
    rnn.stage step units(4) {
      %x = rnn.read @x : tensor<5xf32>
      // expected-error @+1 {{writes 'tensor<5xf32>' in a stage of 4 units}}
      rnn.write @y, %x : tensor<5xf32>
    }
  }
}

// -----

// stage-order
rnn.cell @C outputs [] sizes {} {
  rnn.tensor @x input : tensor<5xf32>
  rnn.scan forward {
    rnn.stage after units(5) {
    }
    // expected-error @+1 {{of phase step comes after one of phase after}}
    rnn.stage step units(5) {
    }
  }
}

// -----

// stage-whole
rnn.cell @C outputs [] sizes {} {
  rnn.tensor @x input : tensor<5xf32>
  rnn.tensor @W param : tensor<5x5xf32>
  rnn.scan forward {
    rnn.stage step units(5) {
      %x = rnn.read @x : tensor<5xf32>
      %w = rnn.read @W : tensor<5x5xf32>
      %n = arith.negf %x : tensor<5xf32>
      // expected-error @+1 {{reads a whole vector that its own stage makes}}
      %0 = rnn.affine terms(%w) (%n) transposed [false] : (tensor<5x5xf32>), (tensor<5xf32>) -> tensor<5xf32>
    }
  }
}

// -----

// stage-whole: the start of a sum.
rnn.cell @C outputs [] sizes {} {
  rnn.tensor @x input : tensor<5xf32>
  rnn.tensor @W param : tensor<5x5xf32>
  rnn.scan forward {
    rnn.stage step units(5) {
      %x = rnn.read @x : tensor<5xf32>
      %w = rnn.read @W : tensor<5x5xf32>
      %n = arith.negf %x : tensor<5xf32>
      // expected-error @+1 {{reads a whole vector that its own stage makes}}
      %0 = rnn.affine start %n : tensor<5xf32> terms(%w) (%x) transposed [false] : (tensor<5x5xf32>), (tensor<5xf32>) -> tensor<5xf32>
    }
  }
}

// -----

// affine-terms
rnn.cell @C outputs [] sizes {} {
  rnn.tensor @x input : tensor<5xf32>
  rnn.tensor @W param : tensor<5x5xf32>
  rnn.scan forward {
    %x = rnn.read @x : tensor<5xf32>
    %w = rnn.read @W : tensor<5x5xf32>
    // expected-error @+1 {{has 1 weights, 1 inputs and 2 flags}}
    %0 = rnn.affine terms(%w) (%x) transposed [false, true] : (tensor<5x5xf32>), (tensor<5xf32>) -> tensor<5xf32>
  }
}

// -----

// affine-inner
rnn.cell @C outputs [] sizes {} {
  rnn.tensor @x input : tensor<5xf32>
  rnn.tensor @W param : tensor<4x3xf32>
  rnn.scan forward {
    %x = rnn.read @x : tensor<5xf32>
    %w = rnn.read @W : tensor<4x3xf32>
    // expected-error @+1 {{weight of affine takes 3 elements but input has 5}}
    %0 = rnn.affine terms(%w) (%x) transposed [false] : (tensor<4x3xf32>), (tensor<5xf32>) -> tensor<4xf32>
  }
}

// -----

// affine-outer
rnn.cell @C outputs [] sizes {} {
  rnn.tensor @x input : tensor<5xf32>
  rnn.tensor @W param : tensor<4x5xf32>
  rnn.scan forward {
    %x = rnn.read @x : tensor<5xf32>
    %w = rnn.read @W : tensor<4x5xf32>
    // expected-error @+1 {{weight of affine gives 4 elements but result has 5}}
    %0 = rnn.affine terms(%w) (%x) transposed [false] : (tensor<4x5xf32>), (tensor<5xf32>) -> tensor<5xf32>
  }
}

// -----

// affine-weight
rnn.cell @C outputs [] sizes {} {
  rnn.tensor @x input : tensor<5xf32>
  rnn.tensor @W param : tensor<4x5xf32>
  rnn.scan forward {
    %x = rnn.read @x : tensor<5xf32>
    %w = rnn.read @W : tensor<4x5xf32>
    %v = arith.negf %w : tensor<4x5xf32>
    // expected-error @+1 {{weight is neither a parameter nor a slice of one}}
    %0 = rnn.affine terms(%v) (%x) transposed [false] : (tensor<4x5xf32>), (tensor<5xf32>) -> tensor<4xf32>
  }
}

// -----

// setup-values
rnn.cell @C outputs [] sizes {} {
  rnn.tensor @b param : tensor<4xf32>
  rnn.setup forward {
    // expected-error @+1 {{does not give one static tensor, as ops of a setup do}}
    %0 = arith.constant 1.0 : f32
  }
  rnn.scan forward {
  }
}

// -----

// pullback-inputs
rnn.cell @C outputs [] sizes {} {
  rnn.tensor @x input : tensor<4xf32>
  rnn.scan forward {
    %d = rnn.stage before units(4) : tensor<4xf32> {
      %x = rnn.read @x : tensor<4xf32>
      // expected-error @+1 {{has 1 inputs but its region takes 2, or of other types}}
      %d = rnn.pullback inputs(%x) seeds(%x) wrt [0] : (tensor<4xf32>), (tensor<4xf32>) -> (tensor<4xf32>) {
      ^bb0(%a: tensor<4xf32>, %b: tensor<4xf32>):
        rnn.yield %a : tensor<4xf32>
      }
      rnn.yield %d : tensor<4xf32>
    }
  }
}

// -----

// pullback-seeds
rnn.cell @C outputs [] sizes {} {
  rnn.tensor @x input : tensor<4xf32>
  rnn.scan forward {
    %d = rnn.stage before units(4) : tensor<4xf32> {
      %x = rnn.read @x : tensor<4xf32>
      // expected-error @+1 {{has 2 seeds but its region yields 1, or of other types}}
      %d = rnn.pullback inputs(%x) seeds(%x, %x) wrt [0] : (tensor<4xf32>), (tensor<4xf32>, tensor<4xf32>) -> (tensor<4xf32>) {
      ^bb0(%a: tensor<4xf32>):
        rnn.yield %a : tensor<4xf32>
      }
      rnn.yield %d : tensor<4xf32>
    }
  }
}

// -----

// pullback-wrt
rnn.cell @C outputs [] sizes {} {
  rnn.tensor @x input : tensor<4xf32>
  rnn.scan forward {
    %d = rnn.stage before units(4) : tensor<4xf32> {
      %x = rnn.read @x : tensor<4xf32>
      // expected-error @+1 {{as the gradient of input 1}}
      %d = rnn.pullback inputs(%x) seeds(%x) wrt [1] : (tensor<4xf32>), (tensor<4xf32>) -> (tensor<4xf32>) {
      ^bb0(%a: tensor<4xf32>):
        rnn.yield %a : tensor<4xf32>
      }
      rnn.yield %d : tensor<4xf32>
    }
  }
}

// -----

// schedule-form
rnn.cell @C outputs [] sizes {} {
  rnn.tensor @x input : tensor<4xf32>
  // expected-error @+1 {{is not of the form 'unroll k N|auto'}}
  rnn.schedule "unroll" ["units"] [2] on "cpu"
  rnn.scan forward {
  }
}

// -----

// schedule-form: no directive at all.
rnn.cell @C outputs [] sizes {} {
  rnn.tensor @x input : tensor<4xf32>
  // expected-error @+1 {{has the directive 'fuse', which schedules do not have}}
  rnn.schedule "fuse" ["units"] [2] on "cpu"
  rnn.scan forward {
  }
}

// -----

// schedule-form: numbers.
rnn.cell @C outputs [] sizes {} {
  rnn.tensor @x input : tensor<4xf32>
  // expected-error @+1 {{has a number below 1}}
  rnn.schedule "unroll" ["k"] [-1] on "cpu"
  rnn.scan forward {
  }
}

// -----

// schedule-form: names and numbers.
rnn.cell @C outputs [] sizes {} {
  rnn.tensor @x input : tensor<4xf32>
  // expected-error @+1 {{has 1 names and 2 numbers}}
  rnn.schedule "unroll" ["k"] [1, 2] on "cpu"
  rnn.scan forward {
  }
}

// -----

// tensor-distinct: a cell that programs call.
rnn.cell @C outputs [@h] sizes {} {
  // expected-error @+1 {{is distinct, but not the only such input of a part of a model}}
  rnn.tensor @x input distinct 9 : tensor<4xf32>
  rnn.tensor @h state : tensor<4xf32>
  rnn.scan forward {
    %x = rnn.read @x : tensor<4xf32>
    rnn.write @h, %x : tensor<4xf32>
  }
}

// -----

// tensor-distinct: a second one.
rnn.cell part @C outputs [@h] sizes {} {
  rnn.tensor @x input distinct 9 : tensor<4xf32>
  // expected-error @+1 {{is distinct, but not the only such input of a part of a model}}
  rnn.tensor @u input distinct 9 : tensor<4xf32>
  rnn.tensor @h state : tensor<4xf32>
  rnn.scan forward {
    %x = rnn.read @x : tensor<4xf32>
    rnn.write @h, %x : tensor<4xf32>
  }
}

// -----

// tensor-no-gradient: a cell that programs call.
rnn.cell @C outputs [@h] sizes {} {
  // expected-error @+1 {{has no gradient to leave out}}
  rnn.tensor @x input no_gradient : tensor<4xf32>
  rnn.tensor @h state : tensor<4xf32>
  rnn.scan forward {
    %x = rnn.read @x : tensor<4xf32>
    rnn.write @h, %x : tensor<4xf32>
  }
}

// -----

// tensor-no-gradient: a state that is no output.
rnn.cell part @C outputs [@y] sizes {} {
  rnn.tensor @x input no_gradient : tensor<4xf32>
  rnn.tensor @y output no_gradient : tensor<4xf32>
  // expected-error @+1 {{has no gradient to leave out}}
  rnn.tensor @h state no_gradient : tensor<4xf32>
  rnn.scan forward {
    %x = rnn.read @x : tensor<4xf32>
    rnn.write @h, %x : tensor<4xf32>
    rnn.write @y, %x : tensor<4xf32>
  }
}

// -----

// stage-distinct: another input.
rnn.cell part @C outputs [@h] sizes {} {
  rnn.tensor @x input distinct 9 : tensor<4xf32>
  rnn.tensor @u input : tensor<4xf32>
  rnn.tensor @h state : tensor<4xf32>
  rnn.scan forward {
    // expected-error @+1 {{cannot run once for each distinct vector}}
    %s = rnn.stage before distinct units(4) : tensor<4xf32> {
      %x = rnn.read @x : tensor<4xf32>
      %u = rnn.read @u : tensor<4xf32>
      %a = arith.addf %x, %u : tensor<4xf32>
      rnn.yield %a : tensor<4xf32>
    }
    rnn.stage step units(4) {
      %h = rnn.read @h[1] : tensor<4xf32>
      %a = arith.addf %s, %h : tensor<4xf32>
      rnn.write @h, %a : tensor<4xf32>
    }
  }
}

// -----

// stage-distinct: in the loop.
rnn.cell part @C outputs [@h] sizes {} {
  rnn.tensor @x input distinct 9 : tensor<4xf32>
  rnn.tensor @h state : tensor<4xf32>
  rnn.scan forward {
    // expected-error @+1 {{cannot run once for each distinct vector}}
    rnn.stage step distinct units(4) {
      %x = rnn.read @x : tensor<4xf32>
      rnn.write @h, %x : tensor<4xf32>
    }
  }
}

// -----

// stage-distinct: after the loop, not linear in what the loop made.
rnn.cell part @C outputs [@h] sizes {} {
  rnn.tensor @x input distinct 9 : tensor<4xf32>
  rnn.tensor @h state : tensor<4xf32>
  rnn.tensor @W param : tensor<4x4xf32>
  rnn.tensor @grad.h output_gradient of @h : tensor<4xf32>
  rnn.scan forward {
    %x = rnn.read @x : tensor<4xf32>
    rnn.write @h, %x : tensor<4xf32>
  }
  rnn.scan backward {
    %d = rnn.stage step units(4) : tensor<4xf32> {
      %g = rnn.read @grad.h : tensor<4xf32>
      rnn.yield %g : tensor<4xf32>
    }
    // expected-error @+1 {{cannot run once for each distinct vector}}
    rnn.stage after distinct units(4) {
      %x = rnn.read @x : tensor<4xf32>
      %s = arith.mulf %d, %d : tensor<4xf32>
      rnn.accumulate @W, %s outer %x : tensor<4xf32>, tensor<4xf32>
    }
  }
}

// -----

// stage-distinct: before the loop, but for another stage there.
rnn.cell part @C outputs [@h] sizes {} {
  rnn.tensor @x input distinct 9 : tensor<4xf32>
  rnn.tensor @u input : tensor<4xf32>
  rnn.tensor @h state : tensor<4xf32>
  rnn.scan forward {
    // expected-error @+1 {{cannot run once for each distinct vector}}
    %s = rnn.stage before distinct units(4) : tensor<4xf32> {
      %x = rnn.read @x : tensor<4xf32>
      %a = arith.addf %x, %x : tensor<4xf32>
      rnn.yield %a : tensor<4xf32>
    }
    %t = rnn.stage before units(4) : tensor<4xf32> {
      %u = rnn.read @u : tensor<4xf32>
      %a = arith.addf %s, %u : tensor<4xf32>
      rnn.yield %a : tensor<4xf32>
    }
    rnn.stage step units(4) {
      %h = rnn.read @h[1] : tensor<4xf32>
      %a = arith.addf %t, %h : tensor<4xf32>
      rnn.write @h, %a : tensor<4xf32>
    }
  }
}
