//! Plain reads for commands: what is known of customers, batches and duplicates, without claiming anything.

use pipeline::store;
use pipeline::version::Version;
use serde::Serialize;

use super::{BatchId, Error, Ledger, decode_version, schema};

/// What is known of a customer's row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct KnownRow {
    /// Its row in the form.
    pub(crate) id: Option<String>,
    /// The version that was committed last.
    pub(crate) version: Option<Version>,
    /// Hash of the row's content; empty when the content is not known.
    pub(crate) hash: Option<String>,
    /// The batch that has claimed it.
    pub(crate) batch: Option<BatchId>,
    /// What the form shows was written under a version that is not known, but fetched before this sequence.
    pub(crate) floor: Option<u64>,
    /// The row id was taken from an answer by its place.
    pub(crate) placed: bool,
    /// When something about it was committed last, Redis' clock, ms.
    pub(crate) written_ms: Option<i64>,
    /// Since when the vendor says that it does not exist, and shows it.
    pub(crate) doubted_ms: Option<i64>,
}

/// Who works on a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KnownBatch {
    /// The replica.
    pub(crate) owner: String,
    /// Until when it is left alone, Redis' clock, ms.
    pub(crate) lease_ms: i64,
    /// Rows that are not committed.
    pub(crate) left: u64,
}

/// A row that shares its company id with an older one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct Duplicate {
    pub(crate) company: String,
    /// The oldest row, which is kept up to date.
    pub(crate) kept: String,
    /// The other one.
    pub(crate) extra: String,
}

type RowFields = [Option<String>; 7];

impl Ledger {
    /// What is known of each of these customers; `None` for those that the ledger does not know.
    pub(crate) async fn known_rows(&self, companies: &[&str]) -> Result<Vec<Option<KnownRow>>, Error> {
        if companies.is_empty() {
            return Ok(Vec::new());
        }
        use schema::row::{BATCH, COMMITTED, DOUBTED, FLOOR, HASH, ID, VERSION};
        let mut pipe = redis::pipe();
        for company in companies {
            pipe.cmd("HMGET")
                .arg(self.row_key(company))
                .arg(&[ID, VERSION, HASH, BATCH, FLOOR, COMMITTED, DOUBTED]);
        }
        let mut connection = self.store().connection().await?;
        let rows: Vec<RowFields> = pipe
            .query_async(&mut *connection)
            .await
            .map_err(store::Error::from)?;
        Ok(rows.into_iter().map(known_row).collect())
    }

    /// Some customers that the ledger knows, from this cursor on (0 at first), and the cursor of the next ones (0 when
    /// there are none). A customer may come twice.
    pub(crate) async fn scan(&self, cursor: u64, about: usize) -> Result<(u64, Vec<String>), Error> {
        Ok(self.store().scan(&self.row_key(""), cursor, about).await?)
    }

    /// The batch, unless it is finished.
    pub(crate) async fn known_batch(&self, batch: &str) -> Result<Option<KnownBatch>, Error> {
        use schema::batch::{LEASE, LEFT, OWNER};
        let mut command = redis::cmd("HMGET");
        command.arg(self.batch_key(batch)).arg(&[OWNER, LEASE, LEFT]);
        let mut connection = self.store().connection().await?;
        let (owner, lease_ms, left): (Option<String>, Option<i64>, Option<u64>) = command
            .query_async(&mut *connection)
            .await
            .map_err(store::Error::from)?;
        let known = owner.zip(lease_ms).zip(left);
        Ok(known.map(|((owner, lease_ms), left)| KnownBatch {
            owner,
            lease_ms,
            left,
        }))
    }

    /// The duplicates that the walk over the form and the look-ups since have found, by company.
    pub(crate) async fn duplicates(&self) -> Result<Vec<Duplicate>, Error> {
        let mut command = redis::cmd("HGETALL");
        command.arg(self.duplicates_key());
        let mut connection = self.store().connection().await?;
        let found: Vec<(String, String)> = command
            .query_async(&mut *connection)
            .await
            .map_err(store::Error::from)?;
        let duplicate = |(packed, kept): (String, String)| {
            let (company, extra) = packed.split_once('\n').unwrap_or((&packed, ""));
            let (company, extra) = (company.to_owned(), extra.to_owned());
            Duplicate { company, kept, extra }
        };
        let mut found: Vec<Duplicate> = found.into_iter().map(duplicate).collect();
        found.sort_unstable();
        Ok(found)
    }
}

fn known_row(fields: RowFields) -> Option<KnownRow> {
    if fields.iter().all(Option::is_none) {
        return None;
    }
    let [id, version, hash, batch, floor, written, doubted] = fields;
    let proven = id
        .as_deref()
        .map(|id| id.strip_prefix(schema::BY_PLACE).unwrap_or(id));
    let placed = proven != id.as_deref();
    Some(KnownRow {
        id: proven.map(str::to_owned),
        version: version.as_deref().and_then(decode_version),
        hash: hash.map(|hash| match hash.strip_prefix(schema::KEY_WRONG) {
            Some(bare) => bare.to_owned(),
            None => hash,
        }),
        batch,
        floor: floor.and_then(|floor| floor.parse().ok()),
        placed,
        written_ms: written.and_then(|ms| ms.parse().ok()),
        doubted_ms: doubted.and_then(|ms| ms.parse().ok()),
    })
}
