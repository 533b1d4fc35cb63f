//! A vendor that wants no calls for longer than a call may wait: every replica that has something to call finds out from
//! the shared quota, and pauses instead of holding its deliveries in a queue for permits.

use super::{client::LONGEST_WAIT, error::Error};
use pipeline::quota::{self, Bucket, Quota};
use std::{pin::pin, time::Duration};

/// A permit that takes longer than this is worth a question.
const LOOK: Duration = Duration::from_secs(2);

/// The permit that was asked for, or the error that there is none for a long time.
pub(super) async fn unless_closed<T>(
    quota: &Quota,
    bucket: &Bucket,
    permit: impl Future<Output = Result<T, quota::Error>>,
) -> Result<T, Error> {
    let mut permit = pin!(permit);
    loop {
        tokio::select! {
            biased;
            permit = &mut permit => return Ok(permit?),
            () = tokio::time::sleep(LOOK) => {}
        }
        let left = quota.closed_for(bucket).await?;
        if left > LONGEST_WAIT {
            return Err(Error::Closed { left });
        }
    }
}
