//! What processors can do at once, for tests of what is done differently on each.

use fearless_simd::Level;

/// What this processor can do, and what those before it could.
pub fn levels() -> Vec<Level> {
    let own = Level::new();
    #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
    let before = [own.as_avx2().map(Level::Avx2), own.as_sse4_2().map(Level::Sse4_2)];
    #[cfg(not(any(target_arch = "x86", target_arch = "x86_64")))]
    let before = [];
    [own, Level::baseline()].into_iter().chain(before.into_iter().flatten()).collect()
}
