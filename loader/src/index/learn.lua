-- Takes a page of the form into the index being built.
-- ARGV: 3 token, 4 cursor after this page, 5 count; per row: company, row id, hash, written at (ms).
-- Returns OK, rows so far, duplicates so far; or STALE.
local index = redis.call('HMGET', KEYS[1], 'state', 'token', 'run')
if index[1] ~= 'building' or index[2] ~= ARGV[3] or index[3] ~= server_run() then return {'STALE'} end
local rows, duplicates = 0, 0
for n = 0, tonumber(ARGV[5]) - 1 do
  local at = 6 + n * 4
  local key = row_key(ARGV[at])
  local known = redis.call('HMGET', key, 'g', 'id')
  if known[1] == ARGV[3] and known[2] and known[2] ~= ARGV[at + 1] then
    -- The lowest row id wins; the others are reported and left alone.
    if redis.call('HSETNX', prefix .. 'dups', ARGV[at] .. '\n' .. ARGV[at + 1], known[2]) == 1 then
      duplicates = duplicates + 1
    end
  else
    if known[1] ~= ARGV[3] then rows = rows + 1 end
    redis.call('HSET', key, 'id', ARGV[at + 1], 'h', ARGV[at + 2], 'f', ARGV[at + 3], 'g', ARGV[3])
    redis.call('HDEL', key, 'b')
  end
end
redis.call('HSET', KEYS[1], 'cursor', ARGV[4])
return {'OK', redis.call('HINCRBY', KEYS[1], 'rows', rows), redis.call('HINCRBY', KEYS[1], 'dups', duplicates)}
