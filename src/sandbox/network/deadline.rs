//! The end of a request's time. It is on the system's clock, because it ends a real connection.

use std::time::Instant;

use smol::Timer;

use super::RequestError;

/// Fails at the deadline.
pub(super) async fn timed_out<T>(deadline: Instant) -> Result<T, RequestError> {
    Timer::at(deadline).await;
    Err(RequestError::TimedOut)
}
