// The gated scan over [steps, cells]: a thread runs one number through all steps, its state in a
// register. Backward reads what forward wrote.
//
// Beside the macros of _common.cuh: BACKWARD (0 or 1), which kernel this is.

#if !BACKWARD

extern "C" __global__ void __launch_bounds__(128)
    gated_scan_forward(const real *__restrict__ x, const real *__restrict__ f,
                       const real *__restrict__ h, real *__restrict__ y, long long steps,
                       long long cells) {
  const long long cell = my_first();
  if (cell >= cells) return;
  state before = static_cast<state>(h[cell]);
  for (long long t = 0; t < steps; ++t) {
    const long long at = t * cells + cell;
    before = static_cast<state>(f[at]) * before + static_cast<state>(x[at]);
    y[at] = static_cast<real>(before);
  }
}

#else

extern "C" __global__ void __launch_bounds__(128)
    gated_scan_backward(const real *__restrict__ g, const real *__restrict__ f,
                        const real *__restrict__ h, const real *__restrict__ y,
                        real *__restrict__ g_x, real *__restrict__ g_f, real *__restrict__ g_h,
                        long long steps, long long cells) {
  const long long cell = my_first();
  if (cell >= cells) return;
  state carry = 0;
  for (long long t = steps - 1; t >= 0; --t) {
    const long long at = t * cells + cell;
    const state before = static_cast<state>(t > 0 ? y[at - cells] : h[cell]);
    const state total = carry + static_cast<state>(g[at]);
    g_x[at] = static_cast<real>(total);
    g_f[at] = static_cast<real>(total * before);
    carry = total * static_cast<state>(f[at]);
  }
  g_h[cell] = static_cast<real>(carry);
}

#endif
