//===- Order.h - in which order lanes that diverged run -------------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// When lanes of a warp stand at different operations, those run first that stand earliest in an
// order where joins come behind all that leads to them: reverse post-order, with loops in one piece
// in front of what follows them. So lanes meet again where hardware would let them meet.
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_LIB_PTXSIM_ORDER_H
#define TILEWRIGHT_LIB_PTXSIM_ORDER_H

#include "lib/PtxSim/Module.h"

namespace tilewright::ptx {

/// A rank for each statement of the body.
std::vector<uint32_t> rankStatements(const Function &function);

} // namespace tilewright::ptx

#endif // TILEWRIGHT_LIB_PTXSIM_ORDER_H
