-- Of several rows of a customer another one is kept up to date from now on: the one that an earlier index knew as its row.
-- ARGV: 3 company, 4 the row that is kept from now on, 5 the one that was, 6 count of the others, then their ids.
-- Returns OK, or BUSY: the row is being written, or is not the one that was kept any more.
if not index_ready() then return {'NOINDEX'} end
local company, kept, before, key = ARGV[3], ARGV[4], ARGV[5], row_key(ARGV[3])
local known = redis.call('HMGET', key, 'g', 'id', 'b')
local held = known[3] and redis.call('EXISTS', batch_key(known[3])) == 1
if known[1] ~= epoch or bare(known[2]) ~= before or held then return {'BUSY'} end
-- What it holds is not known: it is read again, and the next record is compared with that.
redis.call('HSET', key, 'id', kept, 'h', '')
redis.call('HDEL', key, 'o')
verify_at(company, clock())
local dups = prefix .. 'dups'
redis.call('HDEL', dups, company .. '\n' .. kept)
redis.call('HSET', dups, company .. '\n' .. before, kept)
for n = 1, tonumber(ARGV[6]) do
  local field = company .. '\n' .. ARGV[6 + n]
  if redis.call('HEXISTS', dups, field) == 1 then redis.call('HSET', dups, field, kept) end
end
return {'OK'}
