//! The last snapshot of each customer, where transformers keep them: so that everything can be mapped again, and the effect
//! of another mapping be told, without asking the vendor for a single detail.
//!
//! It is a cache like everything in Redis: what is not there is fetched. A newer snapshot takes the place of an older one, a
//! removed customer's goes. [`pack`] says what a kept snapshot looks like, [`seal`] encrypts it if there is a key.

mod pack;
mod seal;
mod unusable;

pub use pack::{CONTENT, Content, Kept};
pub use seal::SnapshotKeys;
pub use unusable::Unusable;

use crate::{
    names::Namespace,
    store::{Error, Script, Store},
    version::Version,
};
use proto::v1::CompanySnapshot;
use std::sync::LazyLock;

static KEEP: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("keep.lua")));

/// A customer's place: nothing, a snapshot, or one that cannot be used.
pub type Found = Option<Result<Kept, Unusable>>;

/// What has to become of a customer's place.
#[derive(Debug, Clone, PartialEq)]
pub struct Keeping {
    /// The snapshot; one of a customer that is gone empties the place.
    pub snapshot: CompanySnapshot,
    /// What the mapping has made of it.
    pub content: Option<Content>,
}

/// The kept snapshots of a namespace.
#[derive(Clone)]
pub struct Snapshots {
    store: Store,
    namespace: Namespace,
    keys: SnapshotKeys,
}

impl Snapshots {
    /// Those of this namespace, sealed and opened with these keys.
    #[must_use]
    pub fn new(store: &Store, namespace: &Namespace, keys: &SnapshotKeys) -> Self {
        Self {
            store: store.clone(),
            namespace: namespace.clone(),
            keys: keys.clone(),
        }
    }

    /// Keeps each of them, in this order and in one round trip, unless what is there is newer; empties the places of those who
    /// are gone.
    ///
    /// # Errors
    /// When Redis does not do it.
    pub async fn keep(&self, keeping: &[Keeping]) -> Result<(), Error> {
        if keeping.is_empty() {
            return Ok(());
        }
        let mut keys = vec![self.namespace.snapshots_gone_key()];
        let mut args: Vec<Vec<u8>> = Vec::with_capacity(keeping.len() * 4);
        for one in keeping {
            let company = &one.snapshot.company_id;
            let version = Version::from(one.snapshot.version.unwrap_or_default());
            // Without randomness nothing can be sealed; then nothing is kept.
            let value = match one.snapshot.removed {
                true => Some(Vec::new()),
                false => pack::pack(&one.snapshot, one.content, &self.keys),
            };
            let Some(value) = value else { continue };
            keys.push(self.namespace.snapshots_key(company));
            args.push(company.clone().into_bytes());
            args.push(pack::order(version).into_bytes());
            args.push(version.sequence.to_string().into_bytes());
            args.push(value);
        }
        self.store.invoke(&KEEP, &keys, &args).await
    }

    /// What is kept of each of these customers.
    ///
    /// # Errors
    /// When Redis does not answer.
    pub async fn of(&self, companies: &[impl AsRef<str>]) -> Result<Vec<Found>, Error> {
        if companies.is_empty() {
            return Ok(Vec::new());
        }
        let mut pipe = redis::pipe();
        for company in companies {
            let company = company.as_ref();
            pipe.cmd("HGET")
                .arg(self.namespace.snapshots_key(company))
                .arg(company);
        }
        let mut connection = self.store.connection().await?;
        let values: Vec<Option<Vec<u8>>> = pipe.query_async(&mut *connection).await?;
        let found = companies.iter().zip(values);
        Ok(found
            .map(|(company, value)| Some(pack::unpack(company.as_ref(), &value?, &self.keys)))
            .collect())
    }

    /// Of each of these customers, whether anything is kept.
    ///
    /// # Errors
    /// When Redis does not answer.
    pub async fn are_kept(&self, companies: &[impl AsRef<str>]) -> Result<Vec<bool>, Error> {
        if companies.is_empty() {
            return Ok(Vec::new());
        }
        let mut pipe = redis::pipe();
        for company in companies {
            let company = company.as_ref();
            pipe.cmd("HEXISTS")
                .arg(self.namespace.snapshots_key(company))
                .arg(company);
        }
        let mut connection = self.store.connection().await?;
        Ok(pipe.query_async(&mut *connection).await?)
    }

    /// How many are kept.
    ///
    /// # Errors
    /// When Redis does not answer.
    pub async fn count(&self) -> Result<u64, Error> {
        let mut pipe = redis::pipe();
        for shard in self.namespace.snapshot_shards() {
            pipe.cmd("HLEN").arg(shard);
        }
        let mut connection = self.store.connection().await?;
        let counts: Vec<u64> = pipe.query_async(&mut *connection).await?;
        Ok(counts.iter().sum())
    }

    /// How many places there are for [`Self::companies`].
    #[must_use]
    pub fn shards(&self) -> usize {
        self.namespace.snapshot_shards().len()
    }

    /// The customers of one part of what is kept, in an order that no restart of Redis changes.
    ///
    /// # Errors
    /// When Redis does not answer.
    pub async fn companies(&self, shard: usize) -> Result<Vec<String>, Error> {
        let Some(key) = self.namespace.snapshot_shards().into_iter().nth(shard) else {
            return Ok(Vec::new());
        };
        let mut connection = self.store.connection().await?;
        let mut companies: Vec<String> = redis::cmd("HKEYS").arg(key).query_async(&mut *connection).await?;
        companies.sort_unstable();
        Ok(companies)
    }
}
