//! Work that would hold up others, on threads of its own: so much at a time, so much waiting, and the rest refused.

use super::problem::Problem;
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

/// See the module.
#[derive(Debug)]
pub(super) struct Workers {
    /// Places for work that runs or waits.
    places: Arc<Semaphore>,
    /// Turns for work that runs.
    turns: Arc<Semaphore>,
}

impl Workers {
    /// So many at a time, and so many more that wait.
    pub fn new(running: usize, waiting: usize) -> Self {
        Self { places: Arc::new(Semaphore::new(running + waiting)), turns: Arc::new(Semaphore::new(running)) }
    }

    /// Does the work in its turn. Work that has begun comes to its end, whether or not anybody waits for it.
    ///
    /// # Errors
    /// [`Problem::Busy`] when too much waits, and what the work itself answers.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        self.run_within(async { Ok(()) }, |()| work()).await
    }

    /// The same, once there is what the work needs, such as memory.
    ///
    /// # Errors
    /// As [`Self::run`], and what `need` answers.
    pub async fn run_within<N: Send + 'static, T: Send + 'static>(
        &self,
        need: impl Future<Output = Result<N, Problem>>,
        work: impl FnOnce(N) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| Problem::Busy)?;
        let need = need.await?;
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(|_| Problem::Busy)?;
        let done = spawn_blocking(move || {
            let _held = (place, turn);
            work(need)
        });
        done.await.unwrap_or_else(|error| {
            tracing::error!(?error, "a worker ended early");
            Err(Problem::Fault)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;

    #[tokio::test]
    async fn one_more_than_may_wait_is_refused() {
        let workers = Arc::new(Workers::new(1, 1));
        let (go, gate) = channel::<()>();
        let first = {
            let workers = Arc::clone(&workers);
            tokio::spawn(async move { workers.run(move || gate.recv().map_err(|_| Problem::Fault)).await })
        };
        while workers.turns.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        let second = {
            let workers = Arc::clone(&workers);
            tokio::spawn(async move { workers.run(|| Ok(2)).await })
        };
        while workers.places.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        assert!(matches!(workers.run(|| Ok(3)).await, Err(Problem::Busy)));
        go.send(()).unwrap();
        first.await.unwrap().unwrap();
        assert_eq!(second.await.unwrap().unwrap(), 2);
        assert_eq!(workers.run(|| Ok(4)).await.unwrap(), 4);
    }

    #[tokio::test]
    async fn a_panic_ends_its_work_alone() {
        let workers = Workers::new(1, 0);
        let work = || -> Result<(), Problem> { panic!("on purpose") };
        assert!(matches!(workers.run(work).await, Err(Problem::Fault)));
        assert_eq!(workers.run(|| Ok(1)).await.unwrap(), 1);
    }
}
