//! Which run of the server answers. When the server was restarted or another one took over, what was written last may be
//! gone, and scripts that must not answer from such a memory compare the run with the one that they know.
//!
//! Two signs (docs/failover.md §3). INFO is taken where it is to be had, unless a witness stands: who may not call INFO goes by
//! that, and all must go by one sign.
//!
//! - **INFO** names the run (`run_id`) and the line of descent of the data (`master_replid`). Scripts read both.
//! - **A witness**, where the user may not call INFO or the server does not name its run: a script of one line, made of a
//!   random word, which one process has loaded into the server once and nobody ever loads again. A server of version 7 or
//!   later forgets scripts when it ends, writes none to its disk and sends none to its replicas: that it still knows this one
//!   proves that it is the same run. The witness is called in one transaction with the script that asks, and puts its word
//!   under a key that only that transaction sees; the script takes it from there. When the server does not know the witness,
//!   there is no word, so the script does nothing, and another witness is made, whose word is another run.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use redis::aio::ConnectionLike;
use redis::{Cmd, FromRedisValue, RedisError, RedisResult, Value};

use super::error::state_of;
use super::script::Script;
use super::state::State;

/// Sets the word, unless somebody else has set another one; answers the one that stands.
const AGREE: &str = "if (redis.call('GET', KEYS[1]) or '') == ARGV[1] then redis.call('SET', KEYS[1], ARGV[2]) end \
                     return redis.call('GET', KEYS[1])";

/// The oldest version that neither saves nor replicates scripts.
const FORGETS: u32 = 7;

/// So long a process goes by INFO before it looks whether others, who may not call it, go by a witness.
const INFO_LASTS: Duration = Duration::from_secs(60);

/// Others make a witness at the same time; each look ends with one that stands.
const TRIES: usize = 5;

/// How the run is told.
#[derive(Clone)]
pub(super) enum Sign {
    /// The scripts read it in INFO.
    Info,
    /// A script that only one run of the server knows, and its word.
    Witness(Arc<redis::Script>),
}

/// What is known of the servers of a store: one sign for each hash tag.
#[derive(Clone, Default)]
pub(super) struct Signs(Arc<Mutex<HashMap<String, (Sign, Instant)>>>);

impl Signs {
    fn of(&self, tag: &str) -> Option<Sign> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (sign, learned) = known.get(tag)?;
        let lasts = match sign {
            Sign::Info => INFO_LASTS,
            Sign::Witness(_) => Duration::MAX,
        };
        (learned.elapsed() < lasts).then(|| sign.clone())
    }

    /// The sign is learned again before it is used next.
    pub(super) fn forget(&self, tag: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(tag);
    }

    /// The sign of the server behind this connection; an error when there is none, or Redis does not answer.
    pub(super) async fn learn(&self, connection: &mut impl ConnectionLike, tag: &str) -> RedisResult<Sign> {
        if let Some(sign) = self.of(tag) {
            return Ok(sign);
        }
        // Those who may not call INFO go by it, and who went by another sign would take their index for one of another run.
        let stands = match standing(connection, tag).await {
            Ok((_, witness)) => witness,
            Err(error) if is_forbidden(&error) => None,
            Err(error) => return Err(error),
        };
        let info: RedisResult<String> = match stands {
            Some(witness) => return Ok(self.learned(tag, Sign::Witness(Arc::new(witness)))),
            None => redis::cmd("INFO").arg("server").query_async(connection).await,
        };
        let sign = match info {
            Ok(text) if text.contains("run_id:") => Sign::Info,
            Err(error) if !is_forbidden(&error) => return Err(error),
            said => {
                if !forgets_scripts(connection).await? {
                    // What is missing is the permission to call INFO, whoever withholds it.
                    let nobody = || {
                        let text = "neither INFO nor a version tells restarts apart".to_owned();
                        redis::make_extension_error("NOPERM".to_owned(), Some(text))
                    };
                    return Err(said.err().unwrap_or_else(nobody));
                }
                Sign::Witness(Arc::new(agree(connection, tag).await?))
            }
        };
        Ok(self.learned(tag, sign))
    }

    fn learned(&self, tag: &str, sign: Sign) -> Sign {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(tag.to_owned(), (sign.clone(), Instant::now()));
        sign
    }
}

/// The user may not, or the server has no such command.
fn is_forbidden(error: &RedisError) -> bool {
    match state_of(error) {
        Some(state) => state == State::Permission,
        None => error.code().is_some(),
    }
}

async fn forgets_scripts(connection: &mut impl ConnectionLike) -> RedisResult<bool> {
    let hello: RedisResult<HashMap<String, Value>> = redis::cmd("HELLO").query_async(connection).await;
    let said = match hello {
        Ok(said) => said,
        Err(error) if is_forbidden(&error) => return Ok(false),
        Err(error) => return Err(error),
    };
    let version = said.get("version").cloned().map(String::from_redis_value);
    let version = version.and_then(Result::ok).unwrap_or_default();
    let major = version.split('.').next().unwrap_or_default();
    Ok(major.parse::<u32>().is_ok_and(|major| major >= FORGETS))
}

/// The word that stands, and its witness if the server knows it.
async fn standing(
    connection: &mut impl ConnectionLike,
    tag: &str,
) -> RedisResult<(Option<String>, Option<redis::Script>)> {
    let word: Option<String> = redis::cmd("GET")
        .arg(word_key(tag))
        .query_async(connection)
        .await?;
    let Some(script) = word.as_deref().map(witness) else {
        return Ok((None, None));
    };
    let mut exists = redis::cmd("SCRIPT");
    exists.arg("EXISTS").arg(script.get_hash());
    let knows: Vec<bool> = exists.query_async(connection).await?;
    Ok((word, (knows == [true]).then_some(script)))
}

fn word_key(tag: &str) -> String {
    format!("{tag}:run")
}

/// The witness that all processes use, or a new one when the server does not know it.
async fn agree(connection: &mut impl ConnectionLike, tag: &str) -> RedisResult<redis::Script> {
    let key = word_key(tag);
    for _ in 0..TRIES {
        let (stands, known) = standing(connection, tag).await?;
        if let Some(script) = known {
            return Ok(script);
        }
        let word = format!("{:032x}", rand::random::<u128>());
        let script = witness(&word);
        script.prepare_invoke().load_async(connection).await?;
        let stands = stands.unwrap_or_default();
        let agreed: String = redis::Script::new(AGREE)
            .key(&key)
            .arg(stands)
            .arg(&word)
            .invoke_async(connection)
            .await?;
        if agreed == word {
            return Ok(script);
        }
    }
    Err((redis::ErrorKind::Client, "no witness of the run stands").into())
}

fn witness(word: &str) -> redis::Script {
    redis::Script::new(&format!(
        "return redis.call('SET', KEYS[1], '{word}', 'PX', 5000)"
    ))
}

/// How a call of a script that asks for the run ended.
pub(super) enum Seen {
    /// It knows its run.
    Answer(Value),
    /// The server does not know the witness, or the script does not know its run: it has to be learned again.
    OtherRun,
}

/// Runs a script that asks for the run, under this sign.
pub(super) async fn call(
    connection: &mut impl ConnectionLike,
    sign: Option<&Sign>,
    script: &Script,
    keys: &[String],
    call: &Cmd,
) -> RedisResult<Seen> {
    let answer = match sign {
        Some(Sign::Witness(witness)) => under(connection, witness, script, keys, call).await,
        Some(Sign::Info) | None => by_digest(connection, script, call).await.map(Some),
    };
    match answer {
        Ok(Some(answer)) => Ok(Seen::Answer(answer)),
        Ok(None) => Ok(Seen::OtherRun),
        Err(error) if error.code() == Some("NORUN") => Ok(Seen::OtherRun),
        Err(error) => Err(error),
    }
}

pub(super) fn nobody_knows() -> RedisError {
    (
        redis::ErrorKind::Client,
        "nobody knows which run of the server this is",
    )
        .into()
}

/// The answer, with the text of the script when the server does not know it.
pub(super) async fn by_digest(
    connection: &mut impl ConnectionLike,
    script: &Script,
    call: &Cmd,
) -> RedisResult<Value> {
    let answer = connection
        .req_packed_command(call)
        .await
        .and_then(Value::extract_error);
    match answer {
        Err(error) if is_unknown(&error) => {
            script.text.prepare_invoke().load_async(connection).await?;
            connection
                .req_packed_command(call)
                .await
                .and_then(Value::extract_error)
        }
        answer => answer,
    }
}

/// The answer of the script, unless the server does not know the witness.
async fn under(
    connection: &mut impl ConnectionLike,
    witness: &redis::Script,
    script: &Script,
    keys: &[String],
    call: &Cmd,
) -> RedisResult<Option<Value>> {
    let Some(key) = keys.last() else { return Ok(None) };
    let mut pipe = redis::pipe();
    pipe.atomic();
    // A word that was left over would speak for a witness that is not there.
    pipe.cmd("DEL").arg(key);
    pipe.cmd("EVALSHA").arg(witness.get_hash()).arg(1).arg(key);
    pipe.add_command(call.clone());
    for _ in 0..2 {
        // MULTI and all three are only queued; the answer is that of EXEC.
        let answers = connection.req_packed_commands(&pipe, 4, 1).await?;
        let Some(Value::Array(answers)) = answers.into_iter().next() else {
            return Ok(None);
        };
        let mut answers = answers.into_iter().skip(1).map(Value::extract_error);
        let (Some(witnessed), Some(answer)) = (answers.next(), answers.next()) else {
            return Ok(None);
        };
        match (witnessed, answer) {
            (Err(error), _) if is_unknown(&error) => return Ok(None),
            (Err(error), _) => return Err(error),
            (Ok(_), Err(error)) if is_unknown(&error) => {
                script.text.prepare_invoke().load_async(connection).await?;
            }
            (Ok(_), answer) => return answer.map(Some),
        }
    }
    Ok(None)
}

fn is_unknown(error: &RedisError) -> bool {
    error.code() == Some("NOSCRIPT")
}
