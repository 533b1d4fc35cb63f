//! In which state a Redis that does not serve is, as its answers tell, and what a person can do about it.

/// Why Redis does not serve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// Not reached, or no answer.
    Away,
    /// It takes no more data.
    Full,
    /// A replica, which takes no writes.
    ReadOnly,
    /// Our password or user is wrong or missing.
    Password,
    /// Our user may not use a command or key.
    Permission,
    /// Somebody's script or module runs and runs.
    Busy,
    /// It has no connection left for us.
    Clients,
    /// Another node of a cluster has our keys, or the cluster is down.
    Cluster,
    /// It is reading its data.
    Loading,
    /// It cannot save to its disk and therefore takes no writes.
    Saving,
    /// Too few replicas, or none of them is in touch with its primary.
    Replication,
    /// It answered something that is none of these.
    Refusing,
}

/// What an answer begins with, or contains where an older server writes a script's error into its own.
const CODES: [(&str, State); 16] = [
    ("OOM", State::Full),
    ("READONLY", State::ReadOnly),
    ("NOAUTH", State::Password),
    ("WRONGPASS", State::Password),
    ("NOPERM", State::Permission),
    ("BUSY", State::Busy),
    ("UNKILLABLE", State::Busy),
    ("MOVED", State::Cluster),
    ("ASK", State::Cluster),
    ("CLUSTERDOWN", State::Cluster),
    ("TRYAGAIN", State::Cluster),
    ("LOADING", State::Loading),
    ("MISCONF", State::Saving),
    ("MASTERDOWN", State::Replication),
    ("NOREPLICAS", State::Replication),
    // The server is in protected mode.
    ("DENIED", State::Refusing),
];

/// What answers with the general code say in words.
const WORDS: [(&str, State); 5] = [
    ("max number of clients", State::Clients),
    ("ACL failure in script", State::Permission),
    ("user executing the script can't", State::Permission),
    ("has no permissions to", State::Permission),
    ("No permissions to access", State::Permission),
];

/// The state that a code of the server stands for.
pub(super) fn of_code(code: &str) -> Option<State> {
    CODES
        .iter()
        .find(|(known, _)| *known == code)
        .map(|(_, state)| *state)
}

/// The state that the words of an answer stand for.
pub(super) fn of_text(text: &str) -> Option<State> {
    let coded = || {
        let words = text.split(|letter: char| !letter.is_ascii_alphanumeric());
        words.into_iter().find_map(of_code)
    };
    WORDS
        .iter()
        .find(|(words, _)| text.contains(words))
        .map(|(_, state)| *state)
        .or_else(coded)
}

impl State {
    /// In a few words.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Away => words::text!("Redis is away"),
            Self::Full => words::text!("Redis is full"),
            Self::ReadOnly => words::text!("this Redis is a read-only replica"),
            Self::Password => words::text!("Redis refuses our user or password"),
            Self::Permission => words::text!("Redis lacks a permission for our user"),
            Self::Busy => words::text!("Redis is busy with a script"),
            Self::Clients => words::text!("Redis has no connection left"),
            Self::Cluster => words::text!("our keys are on another node of a Redis Cluster"),
            Self::Loading => words::text!("Redis is loading its data"),
            Self::Saving => words::text!("Redis cannot save to its disk"),
            Self::Replication => words::text!("Redis misses its replicas or its primary"),
            Self::Refusing => words::text!("Redis refuses to work"),
        }
    }

    /// What to do about it.
    pub(crate) fn remedy(self) -> &'static str {
        match self {
            Self::Away => {
                words::text!(
                    "check host and port of REDIS_URL, the certificates for rediss://, and whether Redis is overloaded"
                )
            }
            Self::Full => words::text!("raise maxmemory, or remove what others have stored there"),
            Self::ReadOnly => words::text!(
                "let REDIS_URL lead to the primary, or name its sentinels: redis+sentinel://host1,host2/MASTER/0"
            ),
            Self::Password => {
                words::text!("check user and password of REDIS_URL, or of the file that holds it")
            }
            Self::Permission => {
                words::text!(
                    "grant the user of REDIS_URL ~{<NAMESPACE>}:* ~{<ACCOUNT_NAMESPACE>}:* and the commands that deploy/README.md \
                     lists; behind sentinels +role or +info, below Redis 7.0 +info (ACL SETUSER)"
                )
            }
            Self::Busy => {
                words::text!("find the script with SLOWLOG or CLIENT LIST and end it with SCRIPT KILL")
            }
            Self::Clients => words::text!("raise maxclients, or close what holds connections (CLIENT LIST)"),
            Self::Cluster => {
                words::text!(
                    "write redis+cluster://host1,host2 in REDIS_URL; while a hash slot is moved or no node has it, wait until \
                     it is there"
                )
            }
            Self::Loading => words::text!("wait until it has read its data"),
            Self::Saving => words::text!("make room on its disk and see its log"),
            Self::Replication => {
                words::text!("see the replicas in INFO replication, and min-replicas-to-write")
            }
            Self::Refusing => words::text!("see the log of Redis"),
        }
    }
}
