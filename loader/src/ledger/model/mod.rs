//! Random interleavings of several loaders on a real Redis and a modelled vendor, compared after every step with a
//! ledger that is a model (I2, I3, I4).
//!
//! `expected` says what the scripts have to answer and to remember, `vendor` is the form and the calls on their way to it,
//! `loader` follows the write path step by step, `world` puts them together and checks the promises: never two rows of a
//! customer, never an older version committed after a newer one, and at the end the newest state of each customer.
//! A failing run is shrunk to the shortest list of steps that still fails; such lists are kept in `known`.

mod expected;
mod known;
mod loader;
mod observe;
mod snapshot;
mod vendor;
mod world;

use pipeline::version::Version;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::encode_version;
use super::testing::PrivateRedis;
use vendor::Quirks;
use world::World;

/// The shared counter of `pipeline::sequence` stands here and a tick further with each step, above Redis' clock.
const SEQUENCES: u64 = 4_000_000_000_000_000;
/// Loaders at a time.
const LOADERS: usize = 3;
/// Customers: few, so that they meet.
const COMPANIES: [&str; 4] = ["a", "b", "c", "d"];
/// Steps of a run.
const STEPS: usize = 70;

/// A customer's state on its way to the form.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Message {
    company: String,
    /// When it was fetched, and so its version.
    tick: i64,
    hash: String,
    removed: bool,
}

impl Message {
    fn version(&self) -> String {
        let sequence = self.tick.cast_unsigned();
        encode_version(Version {
            update_time: self.tick,
            sequence,
        })
    }

    fn sequence(&self) -> u64 {
        sequence(self.tick)
    }

    fn row(&self) -> String {
        format!(r#"{{"_w":{{"value":"{}"}}}}"#, self.hash)
    }
}

/// Where the shared counter stands at a time of the common clock.
fn sequence(tick: i64) -> u64 {
    SEQUENCES + tick.cast_unsigned()
}

/// What happens next. Numbers choose among what there is, so that every list of steps means something.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// A customer gets one of a few contents, is removed, or gets one that the vendor refuses.
    Change { company: u8, content: u8 },
    /// The newest message of a customer comes once more.
    Redeliver { company: u8 },
    /// A loader takes messages and claims their rows.
    Deliver { loader: u8, from: u8, most: u8 },
    /// A loader does the next thing that one of its batches needs.
    Advance { work: u8, fault: u8 },
    /// The same by a loader that was stopped and commits, or still sends, before its next heartbeat.
    WakeUp { work: u8 },
    /// A loader lets go of a batch: the stage is paused.
    Abandon { work: u8 },
    /// A loader dies and another one is started.
    Crash { loader: u8 },
    /// A lease ends.
    Lapse { batch: u8 },
    /// A loader asks for batches that no loader works on.
    Sweep { loader: u8 },
    /// A call that was given up takes effect after all, or never will.
    Land { flight: u8, applies: bool },
    /// A loader reads rows that such a call may have changed.
    Verify { loader: u8, applies: bool },
    /// The vendor forgets its transactions.
    HourPasses,
    /// Redis writes to its disk what it knows.
    Fsync,
    /// Redis comes back with what was on its disk.
    RestartRedis,
    /// Redis comes back empty.
    EmptyRedis,
    /// A loader begins an index, because there is none or because a person asks for it.
    Begin { loader: u8 },
    /// The time is over in which calls of loaders that worked with the index before could land.
    Settle { applies: bool },
    /// A loader reads the next page of the form for the index.
    Walk { loader: u8 },
    /// A person deletes or edits a row.
    Touch { company: u8, deletes: bool },
    /// A loader looks at the rows that people have touched.
    Notice { loader: u8 },
    /// Queries show the rows of a customer from now on.
    Appear { company: u8 },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let number = any::<u8>;
    let step = prop_oneof![
        14 => (number(), 0u8..12).prop_map(|(company, content)| Step::Change { company, content }),
        2 => number().prop_map(|company| Step::Redeliver { company }),
        14 => (number(), number(), 1u8..5).prop_map(|(loader, from, most)| Step::Deliver { loader, from, most }),
        40 => (number(), 0u8..20).prop_map(|(work, fault)| Step::Advance { work, fault }),
        3 => number().prop_map(|work| Step::WakeUp { work }),
        2 => number().prop_map(|work| Step::Abandon { work }),
        3 => number().prop_map(|loader| Step::Crash { loader }),
        5 => number().prop_map(|batch| Step::Lapse { batch }),
        4 => number().prop_map(|loader| Step::Sweep { loader }),
        5 => (number(), any::<bool>()).prop_map(|(flight, applies)| Step::Land { flight, applies }),
        3 => (number(), any::<bool>()).prop_map(|(loader, applies)| Step::Verify { loader, applies }),
        1 => Just(Step::HourPasses),
        2 => Just(Step::Fsync),
        2 => Just(Step::RestartRedis),
        1 => Just(Step::EmptyRedis),
        4 => number().prop_map(|loader| Step::Begin { loader }),
        4 => any::<bool>().prop_map(|applies| Step::Settle { applies }),
        5 => number().prop_map(|loader| Step::Walk { loader }),
        4 => (number(), any::<bool>()).prop_map(|(company, deletes)| Step::Touch { company, deletes }),
        4 => number().prop_map(|loader| Step::Notice { loader }),
        6 => number().prop_map(|company| Step::Appear { company }),
    ];
    prop::collection::vec(step, 1..STEPS)
}

/// Takes the steps, then lets everything come to rest.
async fn live(redis: &PrivateRedis, quirks: Quirks, steps: &[Step]) {
    let mut world = World::new(redis, quirks).await;
    for step in steps {
        world.take(*step).await;
    }
    world.rest().await;
}

#[test]
fn any_interleaving_of_loaders_ends_with_one_newest_row_of_each_customer() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let redis = runtime.block_on(PrivateRedis::start());
    // 256 runs; PROPTEST_CASES asks for more.
    let config = Config {
        failure_persistence: None,
        max_shrink_iters: 4_000,
        ..Config::default()
    };
    let lived = TestRunner::new(config).run(
        &(any::<(bool, bool, bool)>(), steps()),
        |((keeps_ids, shuffles_ids, hides), steps)| {
            let quirks = Quirks {
                keeps_ids,
                shuffles_ids,
                hides,
            };
            runtime.block_on(live(&redis, quirks, &steps));
            Ok(())
        },
    );
    if let Err(error) = lived {
        panic!("{error}");
    }
}
