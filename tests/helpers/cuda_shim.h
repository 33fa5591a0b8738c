// A CUDA source as C++ for a CPU: blocks one after another, the threads of a block as fibres that
// take turns at barriers. It shows what a kernel computes, and no races.
#include <cmath>
#include <cstring>
#include <ucontext.h>
#include <utility>
#include <vector>

#define __global__
#define __device__
#define __shared__ static
#define __forceinline__ inline
#define __launch_bounds__(...)
typedef _Float16 __half;
static struct { unsigned x, y, z; } threadIdx, blockIdx, blockDim, gridDim;
static inline float __fdividef(float a, float b) { return a / b; }

static ucontext_t scheduler;
static std::vector<ucontext_t> fibres;
static std::vector<char> stacks, done;
static void (*body)();
static void fibre() { body(); done[threadIdx.x] = 1; }
static void __syncthreads() { swapcontext(&fibres[threadIdx.x], &scheduler); }

static void run_block(unsigned threads) {
  const size_t stack = 1 << 15;
  fibres.resize(threads);
  stacks.resize(threads * stack);
  done.assign(threads, 0);
  for (unsigned k = 0; k < threads; ++k) {
    getcontext(&fibres[k]);
    fibres[k].uc_stack.ss_sp = &stacks[k * stack];
    fibres[k].uc_stack.ss_size = stack;
    fibres[k].uc_link = &scheduler;
    makecontext(&fibres[k], fibre, 0);
  }
  for (bool busy = true; busy;) {
    busy = false;
    for (threadIdx.x = 0; threadIdx.x < threads; ++threadIdx.x)
      if (!done[threadIdx.x]) {
        swapcontext(&scheduler, &fibres[threadIdx.x]);
        busy = true;
      }
  }
}

// Arguments of a kernel are pointers, long long and double: eight bytes each.
static const char *words;
template <typename T> static T word(size_t k) {
  T value;
  static_assert(sizeof(T) == 8);
  std::memcpy(&value, words + 8 * k, 8);
  return value;
}
template <typename... A, size_t... K>
static void call(void (*kernel)(A...), std::index_sequence<K...>) { kernel(word<A>(K)...); }
template <typename... A> static void call(void (*kernel)(A...)) {
  call(kernel, std::index_sequence_for<A...>());
}

#define RUN(KERNEL)                                                                             \
  extern "C" void run(unsigned x, unsigned y, unsigned z, unsigned threads, const char *given) { \
    words = given;                                                                              \
    body = [] { call(KERNEL); };                                                                \
    blockDim.x = threads;                                                                       \
    gridDim = {x, y, z};                                                                        \
    for (blockIdx.z = 0; blockIdx.z < z; ++blockIdx.z)                                          \
      for (blockIdx.y = 0; blockIdx.y < y; ++blockIdx.y)                                        \
        for (blockIdx.x = 0; blockIdx.x < x; ++blockIdx.x) run_block(threads);                  \
  }
