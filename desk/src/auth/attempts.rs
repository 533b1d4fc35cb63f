//! How often somebody may try to sign in: after some failures each further try waits longer.

use std::{
    collections::{HashMap, HashSet},
    net::IpAddr,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// Failures of an address that cost nothing.
const FREE: u32 = 5;
/// The same of a name, from wherever: so many that one stranger, who waits by address, keeps nobody out of their account.
const FREE_OF_NAME: u32 = 50;
/// The wait after the first failure that costs; each further one doubles it.
const FIRST: Duration = Duration::from_secs(5);
/// The longest wait.
const LONGEST: Duration = Duration::from_secs(15 * 60);
/// Names and addresses that are remembered.
const MOST: usize = 10_000;

#[derive(Debug, Clone, Copy)]
struct Failures {
    count: u32,
    last: Instant,
}

/// Failures by name and by address.
#[derive(Debug, Default)]
pub(crate) struct Attempts(
    Mutex<HashMap<Key, Failures>>,
    Mutex<()>,
    /// From where people have signed in: strangers elsewhere keep them waiting by no means.
    Mutex<HashSet<(String, IpAddr)>>,
);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    Name(String),
    Address(IpAddr),
}

impl Key {
    const fn free(&self) -> u32 {
        match self {
            Self::Name(_) => FREE_OF_NAME,
            Self::Address(_) => FREE,
        }
    }
}

fn cut(name: &str) -> String {
    name.to_lowercase().chars().take(64).collect()
}

/// Whoever signs in elsewhere has no name yet.
fn keys(name: Option<&str>, address: IpAddr) -> impl Iterator<Item = Key> {
    let name = name.map(|name| Key::Name(cut(name)));
    name.into_iter().chain([Key::Address(network(address))])
}

/// Whoever has one address of version 6 has all of its network.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6((u128::from(address) >> 64 << 64).into()),
        address => address,
    }
}

fn wait(failures: Failures, free: u32, now: Instant) -> Duration {
    let Some(costly) = failures.count.checked_sub(free) else {
        return Duration::ZERO;
    };
    let wait = FIRST.saturating_mul(1 << costly.min(16)).min(LONGEST);
    wait.saturating_sub(now.duration_since(failures.last))
}

impl Attempts {
    /// Begins a try, which counts as a failure until it has succeeded, so that those that come at the same time count, too.
    ///
    /// # Errors
    /// How long this one still has to wait.
    pub(crate) fn begin(&self, name: Option<&str>, address: IpAddr) -> Result<(), Duration> {
        let _one = self.1.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        match self.wait_at(name, address, now) {
            Duration::ZERO => {
                self.failed_at(name, address, now);
                Ok(())
            }
            wait => Err(wait),
        }
    }

    fn homes(&self) -> MutexGuard<'_, HashSet<(String, IpAddr)>> {
        self.2.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait_at(&self, name: Option<&str>, address: IpAddr, now: Instant) -> Duration {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_at_home = name.is_some_and(|name| self.homes().contains(&(cut(name), network(address))));
        let waits = keys(name, address)
            .filter(|key| !(is_at_home && matches!(key, Key::Name(_))))
            .map(|key| {
                let failures = known.get(&key);
                failures.map_or(Duration::ZERO, |it| wait(*it, key.free(), now))
            });
        waits.max().unwrap_or_default()
    }

    fn failed_at(&self, name: Option<&str>, address: IpAddr, now: Instant) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST {
            known.retain(|_, it| now.duration_since(it.last) < LONGEST);
        }
        if known.len() >= MOST {
            // Somebody tries names without end; addresses bound them all the same.
            known.retain(|key, _| matches!(key, Key::Address(_)));
        }
        for key in keys(name, address) {
            let entry = known.entry(key).or_insert(Failures { count: 0, last: now });
            // Whoever has waited long enough begins anew.
            if now.duration_since(entry.last) >= LONGEST {
                entry.count = 0;
            }
            *entry = Failures {
                count: entry.count.saturating_add(1),
                last: now,
            };
        }
    }

    /// A try that succeeded: the name is free again; of the address only this try, for it may try other names.
    pub(crate) fn succeeded(&self, name: Option<&str>, address: IpAddr) {
        if let Some(name) = name {
            let mut homes = self.homes();
            if homes.len() < MOST {
                homes.insert((cut(name), network(address)));
            }
        }
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for key in keys(name, address) {
            match key {
                Key::Name(_) => drop(known.remove(&key)),
                Key::Address(_) => {
                    if let Some(failures) = known.get_mut(&key) {
                        failures.count = failures.count.saturating_sub(1);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
    const THERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 9));

    #[test]
    fn after_some_failures_each_try_waits_longer_by_name_and_by_address() {
        let (attempts, now) = (Attempts::default(), Instant::now());
        for _ in 0..4 {
            attempts.failed_at(Some("Wang"), HERE, now);
        }
        assert_eq!(attempts.wait_at(Some("wang"), HERE, now), Duration::ZERO);
        attempts.failed_at(Some("wang"), HERE, now);
        assert_eq!(attempts.wait_at(Some("wang"), HERE, now), FIRST);
        assert_eq!(attempts.wait_at(Some("li"), HERE, now), FIRST);
        assert_eq!(attempts.wait_at(Some("li"), THERE, now), Duration::ZERO);
        attempts.failed_at(Some("wang"), HERE, now);
        assert_eq!(attempts.wait_at(Some("wang"), HERE, now), FIRST * 2);
        assert_eq!(
            attempts.wait_at(Some("wang"), HERE, now + FIRST * 2),
            Duration::ZERO
        );
        attempts.succeeded(Some("wang"), HERE);
        assert_eq!(attempts.wait_at(Some("wang"), THERE, now), Duration::ZERO);
        assert!(
            !attempts.wait_at(Some("wang"), HERE, now).is_zero(),
            "the address stays"
        );
    }

    #[test]
    fn a_stranger_keeps_nobody_out_of_their_account() {
        let (attempts, now) = (Attempts::default(), Instant::now());
        for _ in 0..20 {
            attempts.failed_at(Some("wang"), THERE, now);
        }
        assert!(attempts.wait_at(Some("wang"), HERE, now).is_zero());
        // Nor do strangers with many addresses, where somebody has signed in before.
        let elsewhere = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 8));
        attempts.succeeded(Some("wang"), HERE);
        for _ in 0..FREE_OF_NAME {
            attempts.failed_at(Some("Wang"), THERE, now);
        }
        assert_eq!(attempts.wait_at(Some("wang"), elsewhere, now), FIRST);
        assert!(attempts.wait_at(Some("wang"), HERE, now).is_zero());
    }

    #[test]
    fn a_network_of_version_6_is_one_address() {
        let (attempts, now) = (Attempts::default(), Instant::now());
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        for last in 0..5 {
            attempts.failed_at(None, address(&format!("2001:db8::{last}")), now);
        }
        assert_eq!(attempts.wait_at(None, address("2001:db8::ffff:1"), now), FIRST);
        assert!(attempts.wait_at(None, address("2001:db8:0:1::1"), now).is_zero());
        attempts.failed_at(None, address("::ffff:10.0.0.9"), now);
        assert!(attempts.0.lock().unwrap().contains_key(&Key::Address(THERE)));
    }

    #[test]
    fn those_that_come_at_the_same_time_count() {
        let attempts = Attempts::default();
        let begun = (0..16)
            .filter(|_| attempts.begin(Some("wang"), HERE).is_ok())
            .count();
        assert_eq!(begun, 5);
        let attempts = Attempts::default();
        for _ in 0..100 {
            attempts.begin(Some("wang"), HERE).unwrap();
            attempts.succeeded(Some("wang"), HERE);
        }
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let (attempts, now) = (Attempts::default(), Instant::now());
        for name in 0..MOST + 100 {
            attempts.failed_at(Some(&name.to_string()), HERE, now);
        }
        assert!(attempts.0.lock().unwrap().len() <= MOST);
        assert_eq!(attempts.wait_at(Some("anybody"), HERE, now), LONGEST);
    }
}
