//===- Sequences.cpp - loops of models outside of cells -------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Plain loops on the calling thread, each in a function of its own, so that
// LLVM makes vectors of them. They touch every number once, and the products of
// the cells between them every number a hundred times.
//
//===----------------------------------------------------------------------===//

#include "compiler/lower/Sequences.h"

using namespace mlir;
using namespace rnn;

Value Sequences::call(const std::string &key, ArrayRef<Value> arguments,
                      Type result,
                      llvm::function_ref<Value(ArrayRef<Value>)> body) {
  std::string name = prefix + "_" + key + "." + level;
  SmallVector<Type> results;
  if (result)
    results.push_back(result);
  if (!module.lookupSymbol(name)) {
    OpBuilder::InsertionGuard guard(code.b);
    code.b.setInsertionPointToEnd(module.getBody());
    auto function = func::FuncOp::create(
        code.b, code.loc, name,
        code.b.getFunctionType(
            llvm::map_to_vector(arguments,
                                [](Value value) { return value.getType(); }),
            results));
    makeInternal(function);
    setForLLVM(function, "noinline");
    Block *block = function.addEntryBlock();
    code.b.setInsertionPointToStart(block);
    SmallVector<Value> inside(block->getArguments());
    Value value = body(inside);
    func::ReturnOp::create(code.b, code.loc,
                           value ? ValueRange(value) : ValueRange());
  }
  auto call = func::CallOp::create(code.b, code.loc, name, results, arguments);
  return result ? call.getResult(0) : Value();
}

void Sequences::forEachRow(
    const Span &span, bool overTime,
    llvm::function_ref<void(Value, Value, Value, Value)> body) {
  Value steps = overTime ? span.steps : code.num(1);
  code.loop(code.num(0), steps, 1, [&](Value step) {
    code.loop(code.num(0), span.batch, 1, [&](Value row) {
      Value index = code.add(code.mul(step, span.batch), row);
      // Without lengths every row has all steps.
      Value length = steps;
      if (overTime) {
        auto branch = scf::IfOp::create(code.b, code.loc, TypeRange{code.i64},
                                        code.notNull(span.lengths),
                                        /*withElseRegion=*/true);
        OpBuilder::InsertionGuard guard(code.b);
        code.b.setInsertionPointToStart(branch.thenBlock());
        scf::YieldOp::create(
            code.b, code.loc,
            code.loadNum(code.atByte(span.lengths, code.mul(row, 8))));
        code.b.setInsertionPointToStart(branch.elseBlock());
        scf::YieldOp::create(code.b, code.loc, span.steps);
        length = branch.getResult(0);
      }
      body(step, row, index, length);
    });
  });
}

/// sum[i] += share[i]. Nothing tells LLVM that they are apart, so the vectors
/// are written out.
static void addInto(Code &code, Value sum, Value share, Value count) {
  auto add = [&](Value left, Value right) -> Value {
    return arith::AddFOp::create(code.b, code.loc, left, right);
  };
  Value whole = code.mul(code.div(count, code.num(code.lanes)), code.lanes);
  code.loop(code.num(0), whole, code.lanes, [&](Value i) {
    Value at = code.at(sum, i);
    code.storeVec(add(code.loadVec(at), code.loadVec(code.at(share, i))), at);
  });
  code.loop(whole, count, 1, [&](Value i) {
    Value at = code.at(sum, i);
    code.store(add(code.load(at), code.load(code.at(share, i))), at);
  });
}

static std::string withShape(StringRef name, bool overTime, int64_t elements) {
  return (name + "_" + (overTime ? "t" : "n") + Twine(elements)).str();
}

void Sequences::lookup(const Span &span, bool overTime, int64_t elements,
                       Value result, Value table, Value indices) {
  call(withShape("lookup", overTime, elements),
       {span.steps, span.batch, span.lengths, result, table, indices}, {},
       [&](ArrayRef<Value> in) -> Value {
         Value bytes = code.num(elements * code.elementBytes());
         forEachRow({in[0], in[1], in[2]}, overTime,
                    [&](Value step, Value, Value index, Value length) {
                      Value to = code.at(in[3], code.mul(index, elements));
                      code.ifElse(
                          code.less(step, length),
                          [&] {
                            Value from = code.loadInt(in[5], index);
                            code.copyBytes(
                                to, code.at(in[4], code.mul(from, elements)),
                                bytes);
                          },
                          [&] { code.zeroBytes(to, bytes); });
                    });
         return {};
       });
}

/// Multiplications and additions that sharing has to save for each row and each
/// element that a product gives, to make up for a copy and a sum.
static constexpr int64_t leastSaved = 8;

/// Rows below which looking for equal indices takes more than it gives.
static constexpr int64_t leastSharedRows = 8;

Value Sequences::distinct(const Span &span, int64_t elements, Value indices,
                          Value marks, Value list, Value numbers) {
  auto body = [&](ArrayRef<Value> in) {
    Value places = code.atByte(in[6], 8);
    auto overIndices = [&](llvm::function_ref<void(Value, Value)> body) {
      forEachRow({in[0], in[1], in[2]}, true,
                 [&](Value step, Value, Value place, Value length) {
                   code.ifThen(code.less(step, length), [&] {
                     body(place, code.loadInt(in[3], place));
                   });
                 });
    };
    // What marks hold from before is never looked at.
    overIndices(
        [&](Value, Value index) { code.storeInt(code.num(-1), in[4], index); });
    Value count = code.onStack(code.i64, 2, 8), rows = code.atByte(count, 8);
    code.storeNum(code.num(0), count);
    code.storeNum(code.num(0), rows);
    overIndices([&](Value place, Value index) {
      code.storeNum(code.add(code.loadNum(rows), 1), rows);
      code.ifThen(code.less(code.loadInt(in[4], index), code.num(0)), [&] {
        Value number = code.loadNum(count);
        code.storeInt(number, in[4], index);
        code.storeInt(index, in[5], number);
        code.storeNum(code.add(number, 1), count);
      });
      code.storeInt(code.loadInt(in[4], index), places, place);
    });
    Value all = code.loadNum(rows), found = code.loadNum(count);
    Value saved = code.mul(code.sub(all, found), elements);
    Value isLittle = code.less(saved, code.mul(all, leastSaved));
    code.storeNum(code.select(isLittle, code.num(0), found), in[6]);
  };
  return call(
      withShape("distinct", true, elements),
      {span.steps, span.batch, span.lengths, indices, marks, list, numbers},
      code.i64, [&](ArrayRef<Value> in) -> Value {
        code.storeNum(code.num(0), in[6]);
        Value rows = code.mul(in[0], in[1]);
        code.ifThen(code.less(code.num(leastSharedRows - 1), rows),
                    [&] { body(in); });
        return code.loadNum(in[6]);
      });
}

void Sequences::scatter(const Span &span, bool overTime, int64_t elements,
                        Value table, Value indices, Value rows) {
  call(withShape("scatter", overTime, elements),
       {span.steps, span.batch, span.lengths, table, indices, rows}, {},
       [&](ArrayRef<Value> in) -> Value {
         forEachRow({in[0], in[1], in[2]}, overTime,
                    [&](Value step, Value, Value index, Value length) {
                      code.ifThen(code.less(step, length), [&] {
                        Value to = code.loadInt(in[4], index);
                        Value sum = code.at(in[3], code.mul(to, elements));
                        Value share = code.at(in[5], code.mul(index, elements));
                        addInto(code, sum, share, code.num(elements));
                      });
                    });
         return {};
       });
}

void Sequences::reverse(const Span &span, int64_t bytes, Value result,
                        Value operand) {
  call(withShape("reverse", true, bytes),
       {span.steps, span.batch, span.lengths, result, operand}, {},
       [&](ArrayRef<Value> in) -> Value {
         Value count = code.num(bytes);
         forEachRow({in[0], in[1], in[2]}, true,
                    [&](Value step, Value row, Value index, Value length) {
                      Value to = code.atByte(in[3], code.mul(index, bytes));
                      code.ifElse(
                          code.less(step, length),
                          [&] {
                            Value back = code.sub(code.add(length, -1), step);
                            Value from = code.add(code.mul(back, in[1]), row);
                            code.copyBytes(
                                to, code.atByte(in[4], code.mul(from, bytes)),
                                count);
                          },
                          [&] { code.zeroBytes(to, count); });
                    });
         return {};
       });
}

void Sequences::oneHot(const Span &span, bool overTime, int64_t elements,
                       Value result, Value indices) {
  call(withShape("one_hot", overTime, elements),
       {span.steps, span.batch, span.lengths, result, indices}, {},
       [&](ArrayRef<Value> in) -> Value {
         forEachRow({in[0], in[1], in[2]}, overTime,
                    [&](Value step, Value, Value index, Value length) {
                      Value to = code.at(in[3], code.mul(index, elements));
                      code.zeroBytes(to,
                                     code.num(elements * code.elementBytes()));
                      code.ifThen(code.less(step, length), [&] {
                        code.store(code.real(1),
                                   code.at(to, code.loadInt(in[4], index)));
                      });
                    });
         return {};
       });
}

/// Spreads the bits of a counter: the finaliser of SplitMix64.
static Value spread(Code &code, Value x) {
  auto shifted = [&](Value v, int64_t bits) -> Value {
    Value right = arith::ShRUIOp::create(code.b, code.loc, v, code.num(bits));
    return arith::XOrIOp::create(code.b, code.loc, v, right);
  };
  x = code.mul(shifted(x, 30), int64_t(0xbf58476d1ce4e5b9));
  x = code.mul(shifted(x, 27), int64_t(0x94d049bb133111eb));
  return shifted(x, 31);
}

static constexpr int64_t goldenRatio = int64_t(0x9e3779b97f4a7c15);

void Sequences::draw(const Span &span, bool overTime, int64_t elements,
                     Value result, Value random, double rate, int64_t stream) {
  // Of the largest 24 bits, as many as `rate` says mean that an element goes.
  int64_t threshold = int64_t(rate * double(1 << 24) + 0.5);
  std::string key =
      withShape("draw" + std::to_string(stream), overTime, elements) + "_" +
      std::to_string(threshold);
  call(key, {span.steps, span.batch, random, result}, {},
       [&](ArrayRef<Value> in) -> Value {
         Value keep = code.real(1 / (1 - rate)), drop = code.real(0);
         code.ifElse(
             code.isNull(in[2]),
             [&] {
               Value count = code.mul(overTime ? code.mul(in[0], in[1]) : in[1],
                                      elements);
               code.loop(code.num(0), count, 1, [&](Value i) {
                 code.store(code.real(1), code.at(in[3], i));
               });
             },
             [&] {
               Value seed = code.loadNum(in[2]);
               Value iteration = code.loadNum(code.atByte(in[2], 8));
               Value base =
                   spread(code, code.add(seed, code.mul(code.add(iteration, 1),
                                                        goldenRatio)));
               base = spread(code, code.add(base, stream));
               forEachRow(
                   {in[0], in[1], code.null()}, overTime,
                   [&](Value step, Value row, Value index, Value) {
                     Value ofRow = spread(
                         code, code.add(base, code.mul(step, goldenRatio)));
                     ofRow = spread(code, code.add(ofRow, row));
                     Value to = code.at(in[3], code.mul(index, elements));
                     code.loop(0, elements, 1, [&](Value i) {
                       Value bits =
                           spread(code, code.add(ofRow, code.mul(code.add(i, 1),
                                                                 goldenRatio)));
                       Value top = arith::ShRUIOp::create(code.b, code.loc,
                                                          bits, code.num(40));
                       Value stays = code.less(code.num(threshold - 1), top);
                       Value factor = arith::SelectOp::create(
                           code.b, code.loc, stays, keep, drop);
                       code.store(factor, code.at(to, i));
                     });
                   });
             });
         return {};
       });
}

void Sequences::sum(Value count, Value result, ArrayRef<Value> operands) {
  // The first that is given is copied, the others are added.
  Value bytes = code.mul(count, code.elementBytes());
  Value any =
      arith::ConstantIntOp::create(code.b, code.loc, code.b.getI1Type(), 0);
  for (Value operand : operands) {
    Value isGiven = code.notNull(operand);
    code.ifThen(isGiven, [&] {
      code.ifElse(
          any,
          [&] {
            call("add", {count, result, operand}, {},
                 [&](ArrayRef<Value> in) -> Value {
                   addInto(code, in[1], in[2], in[0]);
                   return {};
                 });
          },
          [&] { code.copyBytes(result, operand, bytes); });
    });
    any = code.either(any, isGiven);
  }
  code.ifThen(
      code.equal(arith::ExtUIOp::create(code.b, code.loc, code.i64, any),
                 code.num(0)),
      [&] { code.zeroBytes(result, bytes); });
}

Value Sequences::isOutside(const Span &span, bool overTime, Value indices,
                           int64_t below) {
  return call(withShape("outside", overTime, below),
              {span.steps, span.batch, span.lengths, indices},
              code.b.getI1Type(), [&](ArrayRef<Value> in) -> Value {
                // One cell of memory for the answer, set by any that is
                // outside.
                Value found = code.onStack(code.i64, 1, 8);
                code.storeNum(code.num(0), found);
                forEachRow({in[0], in[1], in[2]}, overTime,
                           [&](Value step, Value, Value index, Value length) {
                             code.ifThen(code.less(step, length), [&] {
                               Value value = code.loadInt(in[3], index);
                               Value wrong = code.either(
                                   code.less(value, code.num(0)),
                                   code.less(code.num(below - 1), value));
                               code.ifThen(wrong, [&] {
                                 code.storeNum(code.num(1), found);
                               });
                             });
                           });
                return code.equal(code.loadNum(found), code.num(1));
              });
}
