// The WKV recurrence over [steps, cells]: a thread runs one channel of one sample through all steps,
// with its state in registers.
//
// Forward keeps the state every SEGMENT steps. Backward takes segments from the last to the first:
// it reads k and v again, runs forward from the state at the start, and goes back. The sums before
// every step stay in registers or local memory; the factors are computed a second time from the
// exponents, which is cheaper than to keep them.
//
// Beside the macros of _common.cuh: BACKWARD (0 or 1), which kernel this is, and SEGMENT.

struct Factors {
  state past, now;
};

// exp(a - h) and exp(b - h), with h the larger of the two: one of them is 1.
__device__ __forceinline__ Factors factors(state a, state b) {
  const state ahead = a - b;
  const state e = exponential(ahead > state(0) ? -ahead : ahead);
  Factors f;
  f.past = ahead > state(0) ? state(1) : e;
  f.now = ahead > state(0) ? e : state(1);
  return f;
}

#if !BACKWARD

extern "C" __global__ void __launch_bounds__(128)
    wkv_forward(const real *__restrict__ k, const real *__restrict__ v,
                const state *__restrict__ w, const state *__restrict__ u, state *__restrict__ p,
                state *__restrict__ q, state *__restrict__ o, real *__restrict__ y,
                state *__restrict__ kept_p, state *__restrict__ kept_q,
                state *__restrict__ kept_o, long long channels, long long kept, long long steps,
                long long cells) {
  const long long cell = my_first();
  if (cell >= cells) return;
  const state decay = w[cell % channels], bonus = u[cell % channels];
  state a = p[cell], b = q[cell], c = o[cell];
  for (long long t = 0; t < steps; ++t) {
    const long long at = t * cells + cell;
    if (kept && t % SEGMENT == 0) {
      const long long row = t / SEGMENT * cells + cell;
      kept_p[row] = a;
      kept_q[row] = b;
      kept_o[row] = c;
    }
    const state k_t = static_cast<state>(k[at]), v_t = static_cast<state>(v[at]);
    const Factors out = factors(c, bonus + k_t);
    y[at] = static_cast<real>((out.past * a + out.now * v_t) / (out.past * b + out.now));
    const state fallen = decay + c;
    const Factors next = factors(fallen, k_t);
    a = next.past * a + next.now * v_t;
    b = next.past * b + next.now;
    c = fallen > k_t ? fallen : k_t;
  }
  p[cell] = a;
  q[cell] = b;
  o[cell] = c;
}

#else

extern "C" __global__ void __launch_bounds__(128)
    wkv_backward(const real *__restrict__ g, const real *__restrict__ k,
                 const real *__restrict__ v, const state *__restrict__ w,
                 const state *__restrict__ u, const state *__restrict__ kept_p,
                 const state *__restrict__ kept_q, const state *__restrict__ kept_o,
                 real *__restrict__ g_k, real *__restrict__ g_v, state *__restrict__ g_w,
                 state *__restrict__ g_u, state *__restrict__ g_p, state *__restrict__ g_q,
                 long long channels, long long steps, long long cells) {
  const long long cell = my_first();
  if (cell >= cells) return;
  const state decay = w[cell % channels], bonus = u[cell % channels];
  state d_p = g_p[cell], d_q = g_q[cell], d_w = 0, d_u = 0;
  for (long long segment = (steps - 1) / SEGMENT; segment >= 0; --segment) {
    const long long row = segment * cells + cell, first = segment * SEGMENT;
    const int rows = static_cast<int>(steps - first < SEGMENT ? steps - first : SEGMENT);
    state p[SEGMENT], q[SEGMENT], o[SEGMENT];
    state a = kept_p[row], b = kept_q[row], c = kept_o[row];
#pragma unroll
    for (int r = 0; r < SEGMENT; ++r)
      if (r < rows) {
        const long long at = (first + r) * cells + cell;
        const state k_t = static_cast<state>(k[at]), v_t = static_cast<state>(v[at]);
        p[r] = a;
        q[r] = b;
        o[r] = c;
        const state fallen = decay + c;
        const Factors next = factors(fallen, k_t);
        a = next.past * a + next.now * v_t;
        b = next.past * b + next.now;
        c = fallen > k_t ? fallen : k_t;
      }
#pragma unroll
    for (int r = SEGMENT - 1; r >= 0; --r)
      if (r < rows) {
        const long long at = (first + r) * cells + cell;
        const state k_t = static_cast<state>(k[at]), v_t = static_cast<state>(v[at]);
        const Factors out = factors(o[r], bonus + k_t), next = factors(decay + o[r], k_t);
        const state over = state(1) / (out.past * q[r] + out.now);
        const state above = static_cast<state>(g[at]) * over;
        const state below = -above * (out.past * p[r] + out.now * v_t) * over;
        const state by_u = out.now * (above * v_t + below);
        g_k[at] = static_cast<real>(next.now * (d_p * v_t + d_q) + by_u);
        g_v[at] = static_cast<real>(next.now * d_p + out.now * above);
        d_u += by_u;
        d_w += next.past * (d_p * p[r] + d_q * q[r]);
        d_p = next.past * d_p + out.past * above;
        d_q = next.past * d_q + out.past * below;
      }
  }
  g_w[cell] += d_w;
  g_u[cell] += d_u;
  g_p[cell] = d_p;
  g_q[cell] = d_q;
}

#endif
