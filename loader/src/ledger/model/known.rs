//! Interleavings that once broke a promise, each with its cause.

use super::{PrivateRedis, Step, live};

async fn lives_through(steps: &[Step]) {
    let redis = PrivateRedis::start().await;
    for keeps_ids in [true, false] {
        live(&redis, keeps_ids, steps).await;
    }
}

/// Takes a message of the only customer and does all that its batch needs.
fn loaded() -> Vec<Step> {
    let mut steps = vec![Step::Deliver {
        loader: 0,
        from: 0,
        most: 1,
    }];
    steps.extend([Step::Advance { work: 0, fault: 0 }; 3]);
    steps
}

/// A create whose answer was lost was sent again and committed, the row was removed, and the customer came back: the
/// claim made a new row at once, while the first send could still take effect and make another one. A row that is on
/// the list of those to verify is not made before that.
#[tokio::test]
async fn a_removed_customer_comes_back_while_the_call_that_made_its_row_is_still_on_its_way() {
    let mut steps = vec![
        Step::Change {
            company: 0,
            content: 2,
        },
        Step::Deliver {
            loader: 0,
            from: 0,
            most: 1,
        },
        Step::Advance { work: 0, fault: 10 },
    ];
    steps.extend([Step::Advance { work: 0, fault: 0 }; 3]);
    for content in [0, 3] {
        steps.push(Step::Change { company: 0, content });
        steps.extend(loaded());
    }
    steps.push(Step::Land {
        flight: 0,
        applies: true,
    });
    lives_through(&steps).await;
}

/// A removal was committed, Redis was lost with that knowledge, and an older state of the customer came: the form was
/// empty, so the index was taken for a new one that has forgotten nothing, and the removed customer got a row.
#[tokio::test]
async fn the_last_row_was_removed_before_redis_was_lost() {
    let steps = [
        Step::Change {
            company: 0,
            content: 2,
        },
        Step::Change {
            company: 0,
            content: 0,
        },
        Step::Deliver {
            loader: 0,
            from: 1,
            most: 1,
        },
        Step::EmptyRedis,
    ];
    lives_through(&steps).await;
}

/// A late create took effect over a newer update just before Redis was lost, and with Redis the note that the row had
/// to be verified: the index learned the old content as if it were the newest. Rows written lately are verified now.
#[tokio::test]
async fn a_late_call_brings_back_an_old_state_and_redis_forgets_that_it_could() {
    let mut steps = vec![
        Step::Change {
            company: 0,
            content: 2,
        },
        Step::Deliver {
            loader: 0,
            from: 0,
            most: 1,
        },
        Step::Advance { work: 0, fault: 10 },
    ];
    steps.extend([Step::Advance { work: 0, fault: 0 }; 3]);
    steps.push(Step::Change {
        company: 0,
        content: 3,
    });
    steps.extend(loaded());
    steps.extend([
        Step::Land {
            flight: 0,
            applies: true,
        },
        Step::EmptyRedis,
        Step::Begin { loader: 0 },
        Step::Settle { applies: true },
        Step::Walk { loader: 0 },
    ]);
    lives_through(&steps).await;
}
