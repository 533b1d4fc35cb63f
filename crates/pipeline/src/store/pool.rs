//! Pooled connections to Redis.

use deadpool::Runtime;
use deadpool::managed::{Object, Pool, PoolError, Timeouts};
use futures::future::BoxFuture;
use redis::{Cmd, FromRedisValue, RedisError, ToRedisArgs, Value};

use super::config::RedisConfig;
use super::error::{Error, state_of};
use super::manager::{CONNECT_TIMEOUT, Manager, RESPONSE_TIMEOUT, SEARCH_TIMEOUT};
use super::place::{Place, Wrong};
use super::run::{self, Seen, Signs};
use super::script::{Asks, Script};
use super::state::State;
use crate::names::Namespace;
use crate::setting::{ConfigError, shown};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

static PROBE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("probe.lua")));

/// A pooled connection; takes commands as `&mut *connection`.
pub type Connection = Object<Manager>;

/// The shared store. Clones share the pools.
#[derive(Clone)]
pub struct Store {
    /// Of the namespace.
    home: Pool<Manager>,
    /// Of other hash tags, when they may be on other servers.
    others: Option<Arc<Others>>,
    signs: Signs,
}

struct Others {
    config: RedisConfig,
    pools: Mutex<HashMap<String, Pool<Manager>>>,
}

/// How often a script is sent to the node that a cluster names.
const MOVES: usize = 3;

impl Store {
    /// Prepares the pool; nothing connects before the first use.
    pub fn connect(config: &RedisConfig) -> Result<Self, ConfigError> {
        let refused = |Wrong(problem)| {
            ConfigError::new(
                "REDIS_URL",
                problem,
                words::tr!("write redis://:password@host:6379/0"),
            )
        };
        let home = config.namespace.tag();
        let others = Others {
            config: config.clone(),
            pools: Mutex::default(),
        };
        let is_cluster = matches!(Place::parse(config.url.expose(), None), Ok(Place::Cluster(_)));
        Ok(Self {
            home: pool(config, &home).map_err(refused)?,
            others: is_cluster.then(|| Arc::new(others)),
            signs: Signs::default(),
        })
    }

    /// A connection for the keys of the namespace that has answered a moment ago, a ping if nothing else.
    pub async fn connection(&self) -> Result<Connection, Error> {
        of_pool(&self.home).await
    }

    /// A connection for keys with the hash tag of this one, which may be that of vendor accounts.
    pub async fn connection_for(&self, key: &str) -> Result<Connection, Error> {
        of_pool(&self.pool_for(key)?).await
    }

    fn pool_for(&self, key: &str) -> Result<Pool<Manager>, Error> {
        let tag = tag_of(key);
        let Some(others) = &self.others else {
            return Ok(self.home.clone());
        };
        if tag == others.config.namespace.tag() {
            return Ok(self.home.clone());
        }
        let mut pools = others.pools.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = pools.get(tag) {
            return Ok(known.clone());
        }
        let unusable = |Wrong(problem)| {
            let kind = redis::ErrorKind::InvalidClientConfig;
            Error::Connect {
                place: shown(others.config.url.current().expose()),
                source: (kind, "it is no address", problem).into(),
            }
        };
        let pool = pool(&others.config, tag).map_err(unusable)?;
        pools.insert(tag.to_owned(), pool.clone());
        Ok(pool)
    }

    /// Runs a script: by its digest, with the text only when the server does not know it (any more). A node that has given
    /// the keys away did nothing, so the call is sent on to the one that has them now.
    pub async fn invoke<T: FromRedisValue>(
        &self,
        script: &Script,
        keys: &[String],
        args: &[impl ToRedisArgs],
    ) -> Result<T, Error> {
        let mut keys = keys.to_vec();
        if script.asks != Asks::No {
            let tag = tag_of(keys.first().map_or("", String::as_str)).to_owned();
            keys.push(format!("{tag}:run:now"));
        }
        let call = script.call(&keys, args);
        let mut moves = 0;
        let answer = loop {
            match self.answer(script, &keys, &call).await {
                Err(error) if error.has_moved() && moves < MOVES => moves += 1,
                ended => break ended?,
            }
        };
        Ok(T::from_redis_value(answer).map_err(RedisError::from)?)
    }

    /// Boxed, so that the futures of all who call this do not grow with it.
    fn answer<'a>(
        &'a self,
        script: &'a Script,
        keys: &'a [String],
        call: &'a Cmd,
    ) -> BoxFuture<'a, Result<Value, Error>> {
        Box::pin(self.answer_once(script, keys, call))
    }

    async fn answer_once(&self, script: &Script, keys: &[String], call: &Cmd) -> Result<Value, Error> {
        let first = keys.first().map_or("", String::as_str);
        let tag = tag_of(first);
        let mut connection = self.connection_for(first).await?;
        if script.asks == Asks::No {
            return Ok(run::by_digest(&mut *connection, script, call).await?);
        }
        for _ in 0..2 {
            let sign = match self.signs.learn(&mut *connection, tag).await {
                Ok(sign) => Some(sign),
                Err(error) if script.asks == Asks::Must || state_of(&error) != Some(State::Permission) => {
                    return Err(error.into());
                }
                Err(_) => None,
            };
            match run::call(&mut *connection, sign.as_ref(), script, keys, call).await? {
                Seen::Answer(answer) => return Ok(answer),
                Seen::OtherRun => self.signs.forget(tag),
            }
        }
        Err(run::nobody_knows().into())
    }

    /// What stands behind this prefix in the names of some keys, from this cursor on (0 at first), and the cursor of the
    /// next ones (0 when there are none). A name may come twice.
    ///
    /// # Errors
    /// When Redis does not answer.
    pub async fn scan(&self, prefix: &str, cursor: u64, about: usize) -> Result<(u64, Vec<String>), Error> {
        let mut command = redis::cmd("SCAN");
        command
            .arg(cursor)
            .arg("MATCH")
            .arg(format!("{prefix}*"))
            .arg("COUNT")
            .arg(about);
        let mut connection = self.connection_for(prefix).await?;
        let (next, keys): (u64, Vec<String>) = command.query_async(&mut *connection).await?;
        let names = keys.iter().filter_map(|key| key.strip_prefix(prefix));
        Ok((next, names.map(str::to_owned).collect()))
    }

    /// The fields of a hash; nothing when there are more of them, or more bytes, than may be held. What is written
    /// meanwhile may be there or not.
    ///
    /// # Errors
    /// When Redis does not answer, or when there is something else than a hash.
    pub async fn hash(
        &self,
        key: &str,
        most: usize,
        bytes: usize,
    ) -> Result<Option<BTreeMap<String, String>>, Error> {
        let (mut found, mut size, mut cursor) = (BTreeMap::new(), 0, 0_u64);
        let mut connection = self.connection_for(key).await?;
        loop {
            let mut command = redis::cmd("HSCAN");
            command.arg(key).arg(cursor).arg("COUNT").arg(1_000);
            let (next, fields): (u64, Vec<(String, String)>) = command.query_async(&mut *connection).await?;
            for (field, value) in fields {
                size += field.len() + value.len();
                found.insert(field, value);
            }
            if found.len() > most || size > bytes {
                return Ok(None);
            }
            match next {
                0 => return Ok(Some(found)),
                next => cursor = next,
            }
        }
    }

    /// Whether Redis answers; says nothing about whether it does what the work needs ([`Self::probe`]).
    pub async fn ping(&self) -> Result<(), Error> {
        let mut connection = self.connection().await?;
        Ok(redis::cmd("PING").query_async::<()>(&mut *connection).await?)
    }

    /// Whether Redis does what the work needs: writes and scripts under the namespace. A ping would succeed on a
    /// replica, on a full server, and with a user that may do nothing.
    ///
    /// A thorough probe tries every command that any part uses: after the work lacked a permission, a probe that does
    /// not need it would open the gate for a moment again and again.
    pub async fn probe(&self, namespace: &Namespace, thorough: bool) -> Result<(), Error> {
        let keys = namespace.probe_keys();
        self.invoke::<()>(&PROBE, &keys, &[i32::from(thorough)]).await?;
        if thorough {
            let tag = namespace.tag();
            let mut connection = self.connection_for(&tag).await?;
            self.signs.forget(&tag);
            self.signs.learn(&mut *connection, &tag).await?;
        }
        Ok(())
    }
}

/// What a cluster places keys by: everything up to the brace that closes the namespace.
fn tag_of(key: &str) -> &str {
    key.find('}').map_or(key, |end| &key[..=end])
}

fn pool(config: &RedisConfig, tag: &str) -> Result<Pool<Manager>, Wrong> {
    let manager = Manager::new(config.clone(), format!("{tag}:probe:value"))?;
    let connect = match manager.looks_for_it() {
        true => SEARCH_TIMEOUT,
        false => CONNECT_TIMEOUT,
    };
    Pool::builder(manager)
        .max_size(config.pool_size)
        .runtime(Runtime::Tokio1)
        .timeouts(Timeouts {
            wait: Some(RESPONSE_TIMEOUT),
            create: Some(connect),
            recycle: Some(RESPONSE_TIMEOUT),
        })
        .build()
        .map_err(|_| Wrong(words::tr!("the connection pool cannot be built")))
}

fn of_pool(pool: &Pool<Manager>) -> BoxFuture<'_, Result<Connection, Error>> {
    Box::pin(taken(pool))
}

async fn taken(pool: &Pool<Manager>) -> Result<Connection, Error> {
    match pool.get().await {
        Ok(connection) => Ok(connection),
        Err(PoolError::Backend(error)) => Err(match pool.manager().refusal(&error).await {
            Some(refusal) => Error::Refused(refusal),
            None => Error::Connect {
                place: pool.manager().shown(),
                source: error,
            },
        }),
        Err(source) => Err(Error::Pool {
            place: pool.manager().shown(),
            source,
        }),
    }
}
