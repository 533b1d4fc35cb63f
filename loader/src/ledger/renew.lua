-- Lengthens the leases of the caller's live batches, all in one go.
-- ARGV: 3 owner, 4 lease ms, 5 count; per batch: id, fence.  Returns OK, then per batch 1 held or 0 lost.
if not index_ready() then return {'NOINDEX'} end
local lease = string.format('%d', clock() + tonumber(ARGV[4]))
local answer = {'OK'}
for n = 0, tonumber(ARGV[5]) - 1 do
  local batch, fence = ARGV[6 + n * 2], ARGV[7 + n * 2]
  if owns(batch, ARGV[3], fence) then
    redis.call('HSET', batch_key(batch), 'lease', lease)
    redis.call('ZADD', KEYS[2], lease, batch)
    answer[#answer + 1] = '1'
  else
    answer[#answer + 1] = '0'
  end
end
return answer
