// RUN: rnncc-opt %s | FileCheck %s --check-prefixes=ONE,TWO
// ONE: read
// CHECK-NEXT: nobody reads this
// THREE: nor this
// expected-error {{quoted [quoted-wrong]}}
