-- Gives members of a batch new transaction ids, before they are sent again in smaller groups.
-- ARGV: 3 owner, 4 batch, 5 fence, 6 count; per member: slot, transaction id.
if not index_ready() then return {'NOINDEX'} end
local batch = ARGV[4]
if not owns(batch, ARGV[3], ARGV[5]) then return {'FENCED'} end
local time = string.format('%d', clock())
for n = 0, tonumber(ARGV[6]) - 1 do
  local slot, transaction = ARGV[7 + n * 2], ARGV[8 + n * 2]
  if redis.call('HEXISTS', batch_key(batch), 'm' .. slot) == 1 then
    redis.call('HSET', batch_key(batch), 't' .. slot, transaction, 's' .. slot, time)
  end
end
return {'OK', time}
