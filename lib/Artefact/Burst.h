//===- Burst.h - what the machine can do right now -------------------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Clocks and shared caches vary from minute to minute, on virtual machines by tens of per cent. A
// time means something beside a burst of the limiting resource taken next to it: the ratio of the
// two carries over to another minute and another machine, an absolute time does not.
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_LIB_ARTEFACT_BURST_H
#define TILEWRIGHT_LIB_ARTEFACT_BURST_H

namespace tilewright {

/// f32 FLOP/s of fused multiply-adds between registers, in the widest vectors of this CPU, on
/// `threads` threads at once (by their CPU time), over some 50 microseconds. 0 where no such burst
/// is written for the architecture.
double fmaBurst(int threads);

/// Bytes/s of reading `bytes` again and again, in eight streams per thread, each thread its share,
/// on `threads` threads at once, over some 10 milliseconds. By default no cache holds them.
double readBurst(int threads, double bytes = 512 << 20);

} // namespace tilewright

#endif // TILEWRIGHT_LIB_ARTEFACT_BURST_H
