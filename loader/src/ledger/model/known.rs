//! Interleavings that once broke a promise, each with its cause.

use super::{PrivateRedis, Quirks, Step, live};

async fn lives_through(steps: &[Step]) {
    let redis = PrivateRedis::start().await;
    let quirks = [false, true].into_iter().flat_map(|hides| {
        [(true, false), (false, false), (true, true), (false, true)].map(|(keeps_ids, shuffles_ids)| Quirks {
            keeps_ids,
            shuffles_ids,
            hides,
        })
    });
    for quirks in quirks {
        live(&redis, quirks, steps).await;
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

/// An update without an answer, its resend refused, its key freed, a newer version written: then the first call took
/// effect, and the form stayed old, because what is freed was not on the list of those to verify.
#[tokio::test]
async fn an_update_takes_effect_after_its_resend_was_refused_and_a_newer_version_was_written() {
    let change = |content| Step::Change { company: 0, content };
    let advance = |fault| Step::Advance { work: 0, fault };
    let deliver = Step::Deliver {
        loader: 0,
        from: 0,
        most: 1,
    };
    let mut steps = vec![change(2)];
    steps.extend(loaded());
    // Given up, refused, committed as freed.
    steps.extend([
        change(3),
        deliver,
        advance(10),
        advance(16),
        advance(0),
        advance(0),
    ]);
    steps.push(change(2));
    steps.extend(loaded());
    steps.push(Step::Land {
        flight: 0,
        applies: true,
    });
    lives_through(&steps).await;
}

/// Two rows were made by one call, whose ids were not in the order of the rows; then one of the customers changed, and
/// the row of the other was overwritten.
#[tokio::test]
async fn ids_come_in_another_order_than_the_rows() {
    let mut steps: Vec<Step> = [(0, 2), (1, 3)]
        .map(|(company, content)| Step::Change { company, content })
        .into();
    steps.push(Step::Deliver {
        loader: 0,
        from: 0,
        most: 2,
    });
    steps.extend([Step::Advance { work: 0, fault: 0 }; 3]);
    for content in [3, 0] {
        steps.push(Step::Change { company: 0, content });
        steps.extend(loaded());
        steps.extend(loaded());
    }
    lives_through(&steps).await;
}

/// A person deletes a row, and the customer comes with the content that it had: were the row still taken for one that the
/// index has seen, nothing would be written, and the customer would have none.
#[tokio::test]
async fn a_row_that_a_person_deletes_comes_back_with_the_same_content() {
    let mut steps = vec![Step::Change {
        company: 0,
        content: 2,
    }];
    steps.extend(loaded());
    steps.extend([
        Step::Touch {
            company: 0,
            deletes: true,
        },
        Step::Notice { loader: 0 },
    ]);
    lives_through(&steps).await;
}
