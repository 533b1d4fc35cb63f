-- KEYS: a key for each type. ARGV: 1 to try every command that any part uses, 0 for those that every part needs.
-- Does what the work does, on keys of its own, and leaves nothing behind. The first call needs memory and a primary.
local failed
local function try(command, ...)
  if failed then return end
  local answer = redis.pcall(command, ...)
  if type(answer) == 'table' and answer.err then
    -- Not every server names the command of a script that it refuses.
    failed = string.gsub(answer.err, '^-', '') .. ' (' .. command .. ')'
  end
  return answer
end
local value, hash, sorted, list, stream, set = unpack(KEYS)
try('SET', value, 1, 'PX', 60000)
try('GET', value)
try('HSET', hash, 'a', 1)
try('HGET', hash, 'a')
try('PEXPIRE', hash, 60000)
try('ZADD', sorted, 1, 'a')
try('ZREM', sorted, 'a')
try('TIME')
if ARGV[1] == '1' then
  try('SET', value, 1, 'NX', 'PX', 60000)
  try('INCR', value)
  try('INCRBY', value, 1)
  try('EXPIRE', value, 60)
  try('PERSIST', value)
  try('EXISTS', value)
  try('HSETNX', hash, 'b', 1)
  try('HINCRBY', hash, 'b', 1)
  try('HMGET', hash, 'a')
  try('HGETALL', hash)
  try('HVALS', hash)
  try('HKEYS', hash)
  try('HLEN', hash)
  try('HEXISTS', hash, 'a')
  try('HDEL', hash, 'b')
  try('HSCAN', hash, 0)
  try('ZSCORE', sorted, 'a')
  try('ZCARD', sorted)
  try('ZRANGE', sorted, 0, 0)
  try('ZREVRANGE', sorted, 0, 0)
  try('ZCOUNT', sorted, 0, 1)
  try('ZRANGEBYSCORE', sorted, 0, 1)
  try('ZREMRANGEBYRANK', sorted, 0, 0)
  try('ZREMRANGEBYSCORE', sorted, 0, 1)
  try('LPUSH', list, 1)
  try('LSET', list, 0, 1)
  try('LRANGE', list, 0, 0)
  try('LINDEX', list, 0)
  try('LREM', list, 1, 2)
  try('LLEN', list)
  try('LINSERT', list, 'BEFORE', 1, 2)
  try('RPUSH', list, 3)
  try('LTRIM', list, 0, 0)
  try('LPOP', list)
  try('RPOP', list)
  local id = try('XADD', stream, '*', 'a', 1)
  try('XRANGE', stream, '-', '+')
  try('XREVRANGE', stream, '+', '-')
  if not failed then try('XDEL', stream, id) end
  try('SADD', set, 1)
  try('SCARD', set)
  try('SISMEMBER', set, 1)
  try('SMEMBERS', set)
  try('SRANDMEMBER', set)
  try('SREM', set, 1)
  try('DEL', value)
  try('PFADD', value, 1)
  try('PFCOUNT', value)
end
local deleted = redis.pcall('DEL', value, hash, sorted, list, stream, set)
if type(deleted) == 'table' and deleted.err then failed = failed or deleted.err end
if failed then return { err = failed } end
