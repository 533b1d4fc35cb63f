-- The call that was let through a long pause was answered as any other: the pause is over. KEYS[1] state of the bucket.
redis.call('HDEL', KEYS[1], 'hold', 'left', 'left_until', 'again')
return redis.status_reply('OK')
