-- ARGV: replica, term (ms), how often a wish is taken at most, what is said of one that was taken so often, lanes…
-- Returns the id of the wish that is now this replica's and how often it was taken, or nothing.
local mine = {}
for i = 5, #ARGV do mine[ARGV[i]] = true end
for _, wish in ipairs(opened) do
  if mine[wish.lane] and not busy[wish.lane] then
    if wish.takes >= tonumber(ARGV[3]) then
      close(wish.id, 'failed', 'outcome', ARGV[4])
    else
      local takes = string.format('%d', wish.takes + 1)
      redis.call('HSET', prefix .. wish.id, 'state', 'taken', 'instance', ARGV[1], 'taken_ms', at(now), 'takes', takes,
        'until_ms', at(now + tonumber(ARGV[2])))
      work(wish.lane)
      keep(wish.id)
      return { wish.id, takes }
    end
  end
end
return false
