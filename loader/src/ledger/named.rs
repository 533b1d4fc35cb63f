//! Rows that the vendor has named for creates whose end is not committed yet.

use std::borrow::Cow;

use pipeline::store;

use super::{Error, Ledger, Lua, schema, script};

static NAMED: Lua = Lua::new(|| script(include_str!("named.lua")));

/// A row that is a customer's as far as an answer says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NamedRow {
    pub(crate) company: String,
    pub(crate) id: String,
    /// Hash of the content that was sent.
    pub(crate) hash: String,
}

impl Ledger {
    /// Writes down by slot which rows an answer names for members of a batch.
    pub(crate) async fn name_rows<'a>(
        &self,
        batch: &str,
        fence: &str,
        rows: impl ExactSizeIterator<Item = (u32, &'a str)>,
    ) -> Result<(), Error> {
        let mut args: Vec<Cow<'_, str>> = vec![self.owner().into(), batch.into(), fence.into()];
        args.push(rows.len().to_string().into());
        for (slot, id) in rows {
            args.push(slot.to_string().into());
            args.push(id.into());
        }
        self.call(&NAMED, &args).await.map(drop)
    }

    /// The rows that answers have named for what is not committed yet, of all batches.
    pub(crate) async fn named_rows(&self) -> Result<Vec<NamedRow>, Error> {
        let mut named = Vec::new();
        for batch in self.open_batches().await? {
            let mut command = redis::cmd("HGETALL");
            command.arg(self.batch_key(&batch));
            let mut connection = self.store().connection().await?;
            let fields: Vec<(String, String)> = command
                .query_async(&mut *connection)
                .await
                .map_err(store::Error::from)?;
            named.extend(rows(&fields));
        }
        Ok(named)
    }

    async fn open_batches(&self) -> Result<Vec<String>, Error> {
        let mut command = redis::cmd("ZRANGE");
        command.arg(self.inner.names.batches()).arg(0).arg(-1);
        let mut connection = self.store().connection().await?;
        let batches = command.query_async(&mut *connection).await;
        Ok(batches.map_err(store::Error::from)?)
    }
}

fn rows(fields: &[(String, String)]) -> impl Iterator<Item = NamedRow> {
    fields.iter().filter_map(|(name, id)| {
        let slot = name.strip_prefix(schema::batch::NAMED)?;
        let member = format!("{}{slot}", schema::batch::MEMBER);
        let (_, packed) = fields.iter().find(|(name, _)| *name == member)?;
        let [_, company, _, hash, _] = packed.split('\n').collect::<Vec<_>>()[..] else {
            return None;
        };
        Some(NamedRow {
            company: company.to_owned(),
            id: id.clone(),
            hash: hash.to_owned(),
        })
    })
}
