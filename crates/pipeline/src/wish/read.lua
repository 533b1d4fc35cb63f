-- ARGV: how many of the newest, or 0 and an id. Returns ids, each followed by its hash.
local ids = { ARGV[2] }
if ARGV[1] ~= '0' then ids = redis.call('ZREVRANGE', all, 0, tonumber(ARGV[1]) - 1) end
local found = {}
for _, id in ipairs(ids) do
  found[#found + 1] = { id, redis.call('HGETALL', prefix .. id) }
end
return found
