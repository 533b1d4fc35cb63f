-- Takes a page of the form into the index being built.
-- ARGV: 3 token, 4 cursor after this page, 5 window ms, 6 count; per row: company, row id, hash, written at (ms).
-- Returns OK, rows so far, duplicates so far; or STALE.
local index = redis.call('HMGET', KEYS[1], 'state', 'token', 'run', 'noticed')
if index[1] ~= 'building' or index[2] ~= ARGV[3] or index[3] ~= server_run() then return {'STALE'} end
local rows, duplicates = 0, 0
local horizon, time = tonumber(index[4]) - tonumber(ARGV[5]), clock()
for n = 0, tonumber(ARGV[6]) - 1 do
  local at = 7 + n * 4
  local key = row_key(ARGV[at])
  local known = redis.call('HMGET', key, 'g', 'id')
  if known[1] == ARGV[3] and known[2] and known[2] ~= ARGV[at + 1] then
    -- The lowest row id wins; the others are reported and left alone.
    if redis.call('HSETNX', prefix .. 'dups', ARGV[at] .. '\n' .. ARGV[at + 1], known[2]) == 1 then
      duplicates = duplicates + 1
    end
  else
    if known[1] ~= ARGV[3] then rows = rows + 1 end
    local content = ARGV[at + 2]
    if tonumber(ARGV[at + 3]) >= horizon or redis.call('ZSCORE', KEYS[3], ARGV[at]) then
      -- A late call may have written this over something newer: it is verified, and then differs from this unknown.
      content = ''
      redis.call('ZADD', KEYS[3], 'NX', time, ARGV[at])
    end
    redis.call('HSET', key, 'id', ARGV[at + 1], 'h', content, 'f', ARGV[at + 3], 'g', ARGV[3])
    redis.call('HDEL', key, 'b', 'p')
  end
end
redis.call('HSET', KEYS[1], 'cursor', ARGV[4])
return {'OK', redis.call('HINCRBY', KEYS[1], 'rows', rows), redis.call('HINCRBY', KEYS[1], 'dups', duplicates)}
